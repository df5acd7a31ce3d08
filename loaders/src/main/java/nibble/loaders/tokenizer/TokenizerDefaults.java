package nibble.loaders.tokenizer;

import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** What the files of a tokenizer say beside its steps. */
record TokenizerDefaults(
    SpecialTokens special,
    @Nullable Truncation truncation,
    @Nullable Padding padding,
    OptionalInt maxLength) {}
