package nibble.loaders.hub;

import java.net.URI;
import nibble.loaders.hf.ModelId;

/** Words for the answers by which a hub refuses. */
final class Refusal {
  private Refusal() {}

  /**
   * The error for an answer that is no success.
   *
   * @param what was asked for: the model, or a file of it
   */
  static HubException of(HubSettings settings, ModelId model, String what, Answer answer) {
    String code = answer.header("X-Error-Code").orElse("");
    boolean known = settings.token() != null;
    int status = answer.status();
    URI hub = settings.endpoint();
    if (code.equals("GatedRepo")) {
      return new HubException(
          "%s: access is restricted (status %d); accept the conditions at %s/%s%s"
              .formatted(
                  what,
                  status,
                  hub,
                  model.name(),
                  known ? " with the account of HF_TOKEN" : ", then set HF_TOKEN"));
    }
    return new HubException(
        what
            + switch (status) {
              case 401 ->
                  known
                      ? ": %s does not accept the token (status 401); HF_TOKEN may be wrong or expired, or there is no such model"
                          .formatted(hub.getHost())
                      : ": no such model, or it is private (status 401); check the name, or set"
                          + " HF_TOKEN";
              case 403 ->
                  ": access is forbidden (status 403); %s"
                      .formatted(
                          known
                              ? "the account of HF_TOKEN may not read it"
                              : "set HF_TOKEN to an account that may read it");
              case 404 ->
                  code.equals("RevisionNotFound")
                      ? ": has no branch, tag or commit '%s' (status 404)"
                          .formatted(model.revision())
                      : ": %s has no such model, revision or file (status 404); check the name"
                          .formatted(hub.getHost());
              case 416 -> ": the server cannot go on where the download ended (status 416)";
              default ->
                  ": %s answers with status %d, expected 200"
                      .formatted(answer.response().uri().getHost(), status);
            });
  }
}
