package nibble.loaders.tokenizer;

import java.util.OptionalInt;

/**
 * Ids of the tokens with a role, as {@code tokenizer_config.json}, {@code special_tokens_map.json}
 * or {@code tokenizer.model} name them.
 *
 * @param bos begin of a text
 * @param eos end of a text
 * @param pad padding
 * @param unk unknown text
 * @param cls the token in front that classifiers read
 * @param sep separator of texts
 * @param mask stands for a token to be guessed
 */
public record SpecialTokens(
    OptionalInt bos,
    OptionalInt eos,
    OptionalInt pad,
    OptionalInt unk,
    OptionalInt cls,
    OptionalInt sep,
    OptionalInt mask) {}
