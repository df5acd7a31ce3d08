package nibble.cli.command;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import nibble.cli.serve.ModelServer;
import nibble.cli.serve.ServedModels;
import nibble.cli.serve.ServerOptions;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.Console;
import nibble.cli.terminal.JsonOut;
import nibble.cli.terminal.Reasons;
import nibble.loaders.api.Embedder;
import nibble.loaders.api.ImageClassifier;
import nibble.loaders.api.TextGenerator;
import nibble.loaders.model.ModelKind;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code nibble serve}: models over HTTP. */
@Command(
    name = "serve",
    description =
        "Answers HTTP requests as OpenAI's interface has them: /v1/embeddings,"
            + " /v1/chat/completions, /v1/completions, /v1/models; and /v1/classifications for"
            + " images. Ends with Ctrl-C.")
public final class ServeCommand extends NibbleCommand {
  /** Environment variable with the key that requests must carry. */
  private static final String KEY_VARIABLE = "NIBBLE_API_KEY";

  @Parameters(
      arity = "1..*",
      paramLabel = "MODEL",
      description = "Folders or org/name; requests name a model by its folder's name.")
  private List<String> models = new ArrayList<>();

  @Option(
      names = "--host",
      paramLabel = "ADDRESS",
      description = "Address to listen on (default: ${DEFAULT-VALUE}, this machine only).")
  private String host = ServerOptions.DEFAULTS.host();

  @Option(
      names = "--port",
      paramLabel = "N",
      description = "Port; 0 for any free one (default: ${DEFAULT-VALUE}).")
  private int port = ServerOptions.DEFAULTS.port();

  @Option(
      names = "--api-key-file",
      paramLabel = "FILE",
      description = "File with the key that requests must carry; or set " + KEY_VARIABLE + ".")
  private @Nullable Path keyFile;

  @Option(
      names = "--allow-origin",
      paramLabel = "URL",
      description = "Let web pages of this origin call; may be given several times.")
  private List<String> origins = new ArrayList<>();

  @Option(
      names = "--max-body",
      paramLabel = "MIB",
      description = "Longest request (default: ${DEFAULT-VALUE} MiB).")
  private int bodyMebibytes = ServerOptions.DEFAULTS.bodyBytes() >> 20;

  @Option(
      names = "--parallel",
      paramLabel = "N",
      description = "Requests that are worked on at the same time (default: ${DEFAULT-VALUE}).")
  private int running = ServerOptions.DEFAULTS.running();

  @Option(
      names = "--queue",
      paramLabel = "N",
      description =
          "Requests that may wait; further ones get status 429 (default: ${DEFAULT-VALUE}).")
  private int waiting = ServerOptions.DEFAULTS.waiting();

  @Option(
      names = "--patience",
      paramLabel = "SECONDS",
      description =
          "How long a request waits before it gets status 429 (default: ${DEFAULT-VALUE}).")
  private long patience = ServerOptions.DEFAULTS.patience().toSeconds();

  /** For picocli. */
  public ServeCommand() {}

  @Override
  int run(Console console, CommonOptions common) throws IOException {
    ServerOptions options = options();
    setLimitsOfConnections(options);
    ServedModels served = open(common);
    try {
      serve(served, options, console, common);
    } finally {
      served.close();
    }
    return done();
  }

  private ServerOptions options() throws IOException {
    if (bodyMebibytes < 1 || bodyMebibytes > 1024) {
      throw CommandFailure.usage("--max-body must be 1 to 1024, was " + bodyMebibytes);
    }
    if (patience < 1 || patience > 86_400) {
      throw CommandFailure.usage("--patience must be 1 to 86400, was " + patience);
    }
    try {
      ServerOptions options =
          ServerOptions.DEFAULTS
              .withAddress(host, port)
              .withOrigins(new HashSet<>(origins))
              .withBodyBytes(bodyMebibytes << 20)
              .withQueue(running, waiting, Duration.ofSeconds(patience));
      return key().map(options::withApiKey).orElse(options);
    } catch (IllegalArgumentException e) {
      throw CommandFailure.usage(String.valueOf(e.getMessage()));
    }
  }

  private Optional<String> key() throws IOException {
    Path file = keyFile;
    if (file != null) {
      try {
        return Optional.of(Files.readString(file).strip());
      } catch (IOException e) {
        throw CommandFailure.failed(file + ": cannot be read: " + Reasons.of(e));
      }
    }
    return Optional.ofNullable(System.getenv(KEY_VARIABLE)).filter(key -> !key.isBlank());
  }

  /**
   * Limits of the JDK's server, which reads them once: time to send a request, number of
   * connections, and no waiting for full packets.
   */
  private static void setLimitsOfConnections(ServerOptions options) {
    System.setProperty("sun.net.httpserver.maxReqTime", "30");
    System.setProperty("sun.net.httpserver.nodelay", "true");
    System.setProperty(
        "jdk.httpserver.maxConnections",
        Integer.toString(2 * (options.running() + options.waiting())));
  }

  private ServedModels open(CommonOptions common) {
    ServedModels served = ServedModels.NONE;
    try {
      for (String model : models) {
        Path folder = OpenModel.folder(model);
        String id =
            model.equals(OpenModel.DEMO)
                    || model.contains("/") && !Files.isDirectory(Path.of(model))
                ? model
                : String.valueOf(folder.toAbsolutePath().normalize().getFileName());
        served = with(served, id, folder, common);
      }
      return served;
    } catch (IllegalArgumentException e) {
      served.close();
      throw CommandFailure.usage(String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      served.close();
      throw e;
    }
  }

  private ServedModels with(ServedModels served, String id, Path folder, CommonOptions common) {
    int threads = common.threads();
    return switch (ModelKind.of(folder)) {
      case LANGUAGE_MODEL ->
          served.with(
              id,
              TextGenerator.builder(folder).threads(threads).sequences(running).warmUp().open());
      case TEXT_ENCODER ->
          served.with(id, Embedder.builder(folder).threads(threads).warmUp().open());
      case IMAGE_CLASSIFIER ->
          served.with(id, ImageClassifier.builder(folder).threads(threads).warmUp().open());
      case IMAGES_AND_TEXTS ->
          throw CommandFailure.failed(folder + ": models of images and texts cannot be served");
    };
  }

  private static void serve(
      ServedModels served, ServerOptions options, Console console, CommonOptions common)
      throws IOException {
    CountDownLatch stopped = new CountDownLatch(1);
    try (ModelServer server = start(served, options)) {
      Thread hook =
          new Thread(
              () -> {
                server.close();
                served.close();
                stopped.countDown();
              },
              "stop server");
      Runtime.getRuntime().addShutdownHook(hook);
      announce(server.address(), served, options, console, common);
      try {
        stopped.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static ModelServer start(ServedModels served, ServerOptions options) {
    try {
      return ModelServer.start(served, options);
    } catch (UnknownHostException e) {
      throw CommandFailure.failed("%s: no such address".formatted(options.host()));
    } catch (IOException e) {
      throw CommandFailure.failed(
          "%s:%d: cannot be listened on: %s; choose another --port"
              .formatted(options.host(), options.port(), Reasons.of(e)));
    }
  }

  private static void announce(
      InetSocketAddress address,
      ServedModels served,
      ServerOptions options,
      Console console,
      CommonOptions common) {
    String url = "http://%s:%d".formatted(address.getHostString(), address.getPort());
    if (common.json()) {
      JsonOut.result().put("url", url).put("models", served.names()).print(console.out());
    } else {
      console
          .out()
          .println("listening on %s, models: %s".formatted(url, String.join(", ", served.names())));
    }
    console.out().flush();
    InetAddress host = address.getAddress();
    if (!host.isLoopbackAddress() && options.apiKey().isEmpty()) {
      console.note(
          "serve  anybody who reaches this machine may use the models; set %s or --api-key-file to ask for a key"
              .formatted(KEY_VARIABLE));
    }
  }
}
