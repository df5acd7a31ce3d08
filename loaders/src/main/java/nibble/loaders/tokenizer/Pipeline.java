package nibble.loaders.tokenizer;

import nibble.loaders.tokenizer.decode.TokenDecoder;
import nibble.loaders.tokenizer.finish.Finisher;
import nibble.loaders.tokenizer.model.TokenModel;
import nibble.loaders.tokenizer.normalize.TextNormalizer;
import nibble.loaders.tokenizer.split.TextSplitter;

/** The steps of a tokenizer. */
record Pipeline(
    AddedTokens added,
    TextNormalizer normalizer,
    TextSplitter splitter,
    TokenModel model,
    Finisher finisher,
    TokenDecoder decoder) {}
