package nibble.cli.serve;

import java.io.IOException;

/** Answers the requests of one path. Used by many threads at once. */
interface Endpoint {
  /** The path, such as {@code /v1/models}. */
  String path();

  /** The one HTTP method that is understood. */
  String method();

  /**
   * Answers {@code exchange}.
   *
   * @throws HttpFailure if the request cannot be answered; nothing has been sent then
   * @throws IOException if the client went away
   */
  void answer(Exchange exchange) throws IOException;
}
