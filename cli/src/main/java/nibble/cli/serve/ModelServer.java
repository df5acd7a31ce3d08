package nibble.cli.serve;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Serves models over HTTP until it is closed.
 *
 * <p>Every request has a virtual thread. Requests for work wait for a place at the model ({@link
 * Admission}), so memory is bounded by the number of requests that may wait times the longest body;
 * each model computes with its own threads.
 */
public final class ModelServer implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(ModelServer.class.getName());
  private static final int BACKLOG = 1024;
  private static final String NO_ANSWER = "the request failed in the server; its log says why";

  private final HttpServer http;
  private final ExecutorService threads;
  private final ServerOptions options;
  private final Admission admission;
  private final Guard guard;
  private final InFlight inFlight = new InFlight();
  private final Map<String, Endpoint> endpoints;

  private ModelServer(ServedModels models, ServerOptions options) throws IOException {
    this.options = options;
    guard = new Guard(options.apiKey(), options.origins());
    admission = new Admission(options.running(), options.waiting(), options.patience());
    endpoints =
        List.of(
                new HealthEndpoint(),
                new ModelsEndpoint(models),
                new EmbeddingsEndpoint(models, admission),
                new GenerationEndpoint(models, admission, new ChatPrompting()),
                new GenerationEndpoint(models, admission, new PlainPrompting()),
                new ClassificationsEndpoint(models, admission))
            .stream()
            .collect(Collectors.toUnmodifiableMap(Endpoint::path, Function.identity()));
    http =
        HttpServer.create(
            new InetSocketAddress(InetAddress.getByName(options.host()), options.port()), BACKLOG);
    threads = Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("http-", 0).factory());
    http.setExecutor(threads);
    http.createContext("/", this::handle);
  }

  /**
   * Starts to listen.
   *
   * @param models stay the caller's, who closes them after the server
   * @throws IOException if the address cannot be listened on
   */
  public static ModelServer start(ServedModels models, ServerOptions options) throws IOException {
    ModelServer server = new ModelServer(models, options);
    server.http.start();
    return server;
  }

  /** The address that it listens on. */
  public InetSocketAddress address() {
    return http.getAddress();
  }

  /** Requests that a model works on now. For tests. */
  int atWork() {
    return admission.atWork();
  }

  private void handle(HttpExchange raw) {
    boolean counted = inFlight.enter();
    try (raw) { // sends what is buffered, so it belongs to what is waited for
      handle(new Exchange(raw, options.bodyBytes()), counted);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "a client went away: {0}", e.getMessage());
    } finally {
      if (counted) {
        inFlight.leave();
      }
    }
  }

  private void handle(Exchange exchange, boolean accepted) throws IOException {
    try {
      if (!accepted) {
        throw HttpFailure.ending();
      }
      answer(exchange);
    } catch (HttpFailure failure) {
      exchange.send(failure);
    } catch (RuntimeException | Error failure) {
      LOG.log(System.Logger.Level.ERROR, "request for " + exchange.path() + " failed", failure);
      exchange.send(HttpFailure.internal(NO_ANSWER));
    }
  }

  private void answer(Exchange exchange) throws IOException {
    boolean preflight =
        exchange.method().equals("OPTIONS")
            && exchange.header("Access-Control-Request-Method").isPresent();
    if (preflight) {
      new Guard(Optional.empty(), guard.origins()).check(exchange);
      exchange.setHeader("Access-Control-Allow-Methods", "GET, POST");
      exchange.setHeader("Access-Control-Allow-Headers", "Authorization, Content-Type");
      exchange.sendNothing();
      return;
    }
    guard.check(exchange);
    Endpoint endpoint = endpoints.get(exchange.path());
    if (endpoint == null) {
      throw HttpFailure.notFound("there is nothing at '%s'".formatted(exchange.path()));
    }
    if (!exchange.method().equals(endpoint.method())) {
      exchange.setHeader("Allow", endpoint.method());
      throw HttpFailure.refused(
          405,
          "'%s' takes %s, not %s".formatted(endpoint.path(), endpoint.method(), exchange.method()));
    }
    endpoint.answer(exchange);
  }

  /**
   * Takes no more requests, gives those that are running the time of {@link ServerOptions#grace},
   * and ends.
   */
  @Override
  public void close() {
    inFlight.drain(options.grace());
    http.stop(0);
    threads.shutdownNow();
  }
}
