package nibble.loaders.tokenizer.split;

import java.lang.Character.UnicodeScript;
import java.util.List;
import nibble.loaders.tokenizer.core.AlignedText;
import org.jspecify.annotations.Nullable;

/**
 * Cuts where the Unicode script changes. Hiragana, Katakana and the prolonged sound mark count as
 * Han; a space belongs to what stands beside it.
 */
final class ScriptSplitter implements TextSplitter {
  private static final int PROLONGED_SOUND_MARK = 0x30FC;

  @Override
  public void split(AlignedText text, List<AlignedText> out) {
    String source = text.text();
    UnicodeScript last = null;
    boolean any = true;
    int from = -1;
    for (int i = 0; i < source.length(); ) {
      int c = source.codePointAt(i);
      UnicodeScript script = script(c);
      if (script != null && (from < 0 || !any && script != last)) {
        if (from >= 0) {
          out.add(text.slice(from, i));
        }
        from = i;
      }
      if (script != null) {
        last = script;
        any = false;
      }
      i += Character.charCount(c);
    }
    if (from >= 0) {
      out.add(text.slice(from, source.length()));
    }
  }

  /**
   * The script that counts for {@code c}; null for a space and for unassigned characters, which
   * have none.
   */
  private static @Nullable UnicodeScript script(int c) {
    if (c == ' ') {
      return null;
    }
    return switch (c == PROLONGED_SOUND_MARK ? UnicodeScript.HAN : UnicodeScript.of(c)) {
      case HIRAGANA, KATAKANA -> UnicodeScript.HAN;
      case UNKNOWN -> null;
      case UnicodeScript script -> script;
    };
  }
}
