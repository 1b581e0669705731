/** What servers say of a prompt that does not fit. */
export const tooLong: [server: string, status: number, message: string][] = [
  [
    'OpenAI',
    400,
    "This model's maximum context length is 4096 tokens. However, your messages resulted in 9000 tokens.",
  ],
  [
    'OpenAI, newer',
    400,
    'Your input exceeds the context window of this model. Please adjust your input and try again.',
  ],
  [
    'OpenAI, over the whole rate',
    429,
    'Request too large for gpt-4o in organization org-1 on tokens per min (TPM): Limit 30000, Requested 40000.',
  ],
  ['vLLM', 400, 'The prompt (length 9000) is longer than the maximum model length of 4096.'],
  [
    'vLLM, with pictures',
    400,
    'The decoder prompt (length 9000) is longer than the maximum model length of 4096. Make sure that `max_model_len` is no smaller than the number of text tokens plus multimodal tokens.',
  ],
  [
    'vLLM, with its answer',
    400,
    "'max_tokens' or 'max_completion_tokens' is too large: 256. This model's maximum context length is 4096 tokens and your request has 4000 input tokens (256 > 4096 - 4000).",
  ],
  [
    'vLLM, newer',
    400,
    "You passed 9000 input tokens and requested 256 output tokens. However, the model's context length is only 4096 tokens, resulting in a maximum input length of 3840 tokens.",
  ],
  ['vLLM, of pictures', 400, 'At most 1 image(s) may be provided in one prompt.'],
  [
    'SGLang',
    400,
    "The input (9000 tokens) is longer than the model's context length (4096 tokens).",
  ],
  [
    'SGLang, with its answer',
    400,
    "Requested token count exceeds the model's maximum context length of 4096 tokens.",
  ],
  [
    'SGLang, of its pool',
    400,
    'Input length (9000 tokens) exceeds the maximum allowed length (4095 tokens). Use a shorter input or enable --allow-auto-truncate.',
  ],
  [
    'llama.cpp',
    400,
    'request (9000 tokens) exceeds the available context size (4096 tokens), try increasing it',
  ],
  ['llama.cpp, while it answers', 500, 'Context size has been exceeded.'],
  [
    'llama.cpp, of its batch',
    500,
    'input (600 tokens) is too large to process. increase the physical batch size (current batch size: 512)',
  ],
  ['Ollama', 400, 'input length exceeds the context length'],
  ['Ollama, as its own fault', 500, 'prompt too long; exceeded max context length by 4904 tokens'],
  [
    'LM Studio',
    400,
    'Trying to keep the first 9000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough.',
  ],
  [
    'LM Studio, older',
    400,
    'The number of tokens to keep from the initial prompt is greater than the context length.',
  ],
  [
    'text-generation-inference',
    422,
    'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 9000 `inputs` tokens and 256 `max_new_tokens`',
  ],
  [
    'text-generation-inference, alone',
    422,
    'Input validation error: `inputs` must have less than 4096 tokens. Given: 9000',
  ],
  [
    'OpenRouter',
    400,
    "This endpoint's maximum context length is 4096 tokens. However, you requested about 9000 tokens.",
  ],
  [
    'LiteLLM',
    400,
    'litellm.ContextWindowExceededError: litellm.BadRequestError: OpenAIException - too much',
  ],
  ['Anthropic', 400, 'prompt is too long: 213462 tokens > 200000 maximum'],
  [
    'Gemini',
    400,
    'The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).',
  ],
  [
    'Mistral',
    400,
    'Prompt contains 9000 tokens and 0 draft tokens, too large for model with 4096 maximum context length',
  ],
  [
    'xAI',
    400,
    "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
  ],
  ['Groq', 400, 'Please reduce the length of the messages or completion.'],
  [
    'Groq, over the whole rate',
    413,
    'Request too large for model `m` on tokens per minute (TPM): Limit 6000, Requested 7000.',
  ],
  ['Moonshot', 400, 'Invalid request: Your request exceeded model token limit: 8192'],
  ['Cohere', 400, 'too many tokens: total number of tokens in the prompt cannot exceed 4081'],
  ['Qwen', 400, 'Range of input length should be [1, 30720]'],
  ['GLM', 400, 'Prompt exceeds max length'],
  ['GitHub Models', 413, 'Request body too large for gpt-4o model. Max size: 8000 tokens.'],
  [
    'SambaNova',
    400,
    'Requested generation length 1 is not possible! The provided prompt is 140000 tokens long, so generating 1 tokens requires a sequence length of 140001, but the maximum supported sequence length is just 131072!',
  ],
  ['TabbyAPI', 400, 'Prompt length 9000 is greater than max_seq_len 4096'],
  [
    'TensorRT-LLM',
    400,
    'The sum of prompt length (9000.0), query length (0) should not exceed max_num_tokens (8192)',
  ],
  ['OpenVINO Model Server', 400, 'Number of prompt tokens: 9000 exceeds model max length: 4096'],
  ['Bedrock', 400, 'Input is too long for requested model.'],
  [
    'Cerebras',
    400,
    'Please reduce the length of the messages or completion. Current length is 9000 while limit is 8192',
  ],
  ['nginx', 413, '<html><head><title>413 Request Entity Too Large</title></head></html>'],
];
