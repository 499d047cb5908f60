"""Images: their formats, decoding within limits, drawing. Knows nothing of models or HTTP."""
