"""Fine-tunes PP-OCRv5's line recogniser for Latin script on drawn lines."""
