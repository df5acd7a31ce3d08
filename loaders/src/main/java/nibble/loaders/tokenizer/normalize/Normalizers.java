package nibble.loaders.tokenizer.normalize;

import java.text.Normalizer.Form;
import java.util.Base64;
import java.util.List;
import java.util.function.Function;
import nibble.loaders.json.JsonObject;
import nibble.loaders.tokenizer.core.AlignedText;
import nibble.loaders.tokenizer.core.ByteAlphabet;
import nibble.loaders.tokenizer.core.Chars;
import nibble.loaders.tokenizer.core.Fields;
import nibble.loaders.tokenizer.core.Patterns;

/** Reads the {@code normalizer} of {@code tokenizer.json}. */
public final class Normalizers {
  /** Changes nothing. */
  public static final TextNormalizer NONE = text -> text;

  private Normalizers() {}

  /**
   * The step that {@code json} describes.
   *
   * @throws nibble.loaders.BadFileException if its type, a key or a value is not known
   */
  public static TextNormalizer of(JsonObject json) {
    String type = json.string("type");
    return switch (type) {
      case "Sequence" -> sequence(json);
      case "BertNormalizer" -> bert(json);
      case "NFC" -> form(json, Form.NFC);
      case "NFD" -> form(json, Form.NFD);
      case "NFKC" -> form(json, Form.NFKC);
      case "NFKD" -> form(json, Form.NFKD);
      case "Lowercase" -> plain(json, CharSteps::lowercase);
      case "StripAccents" -> plain(json, text -> CharSteps.filter(text, c -> !Chars.isMark(c)));
      case "Nmt" -> plain(json, CharSteps::nmt);
      case "ByteLevel" -> plain(json, ByteAlphabet::encode);
      case "Strip" -> strip(json);
      case "Prepend" -> prepend(json);
      case "Replace" -> replace(json);
      case "Precompiled" -> precompiled(json);
      default -> throw json.error("type", "is '" + type + "', which is not a known normalizer");
    };
  }

  private static TextNormalizer plain(JsonObject json, Function<AlignedText, AlignedText> step) {
    Fields.only(json);
    return step::apply;
  }

  private static TextNormalizer form(JsonObject json, Form form) {
    Fields.only(json);
    return new UnicodeForm(form);
  }

  private static TextNormalizer sequence(JsonObject json) {
    Fields.only(json, "normalizers");
    List<TextNormalizer> steps =
        Fields.objects(json, "normalizers").stream().map(Normalizers::of).toList();
    return text -> {
      AlignedText result = text;
      for (TextNormalizer step : steps) {
        result = step.apply(result);
      }
      return result;
    };
  }

  private static TextNormalizer bert(JsonObject json) {
    Fields.only(json, "clean_text", "handle_chinese_chars", "strip_accents", "lowercase");
    boolean lowercase = json.bool("lowercase", true);
    return bert(
        json.bool("clean_text", true),
        json.bool("handle_chinese_chars", true),
        json.bool("strip_accents", lowercase),
        lowercase);
  }

  /** The cleaning of BERT; accents go with case unless {@code stripAccents} says otherwise. */
  public static TextNormalizer bert(
      boolean cleanText, boolean spaceChinese, boolean stripAccents, boolean lowercase) {
    return new BertNormalizer(cleanText, spaceChinese, stripAccents, lowercase);
  }

  private static TextNormalizer strip(JsonObject json) {
    Fields.only(json, "strip_left", "strip_right");
    boolean left = json.bool("strip_left", true);
    boolean right = json.bool("strip_right", true);
    return text -> CharSteps.strip(text, left, right);
  }

  private static TextNormalizer prepend(JsonObject json) {
    Fields.only(json, "prepend");
    String prefix = json.string("prepend");
    return text -> Prepend.to(text, prefix);
  }

  private static TextNormalizer replace(JsonObject json) {
    Fields.only(json, "pattern", "content");
    return new Replacement(Patterns.of(json, "pattern"), json.string("content"));
  }

  private static TextNormalizer precompiled(JsonObject json) {
    Fields.only(json, "precompiled_charsmap");
    byte[] blob;
    try {
      blob = Base64.getDecoder().decode(json.string("precompiled_charsmap", ""));
    } catch (IllegalArgumentException _) {
      throw json.error("precompiled_charsmap", "is not valid Base64");
    }
    return CharsMap.of(blob)
        .map(Precompiled::new)
        .orElseThrow(
            () ->
                json.error(
                    "precompiled_charsmap",
                    "has %d bytes that are not a whole map".formatted(blob.length)));
  }
}
