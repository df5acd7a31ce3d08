package nibble.cli.serve;

import java.util.Set;
import nibble.loaders.api.Generation;
import nibble.loaders.api.GenerationOptions;
import nibble.loaders.api.TextGenerator;
import nibble.loaders.api.TextListener;
import nibble.loaders.json.JsonObject;

/**
 * What differs between conversations and plain prompts: how a request names its text, and how an
 * answer carries it.
 */
interface Prompting {
  /** One generation, ready to run. */
  @FunctionalInterface
  interface Call {
    Generation run(GenerationOptions options, TextListener listener);
  }

  String path();

  /** All members that a request may have. */
  Set<String> members();

  /** Beginning of the names of answers. */
  String idPrefix();

  /** Kind of a whole answer. */
  String object();

  /** Kind of a part of an answer. */
  String chunkObject();

  /**
   * The generation that {@code body} asks for.
   *
   * @throws HttpFailure if it does not say it properly
   */
  Call call(Body body, TextGenerator generator);

  /** A choice with the whole text. */
  JsonObject whole(String text);

  /** A choice with a piece of text. */
  JsonObject piece(String text);

  /** The choice at the end of a stream. */
  JsonObject lastPiece();
}
