package nibble.loaders.hub;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A hub with one model, {@code org/name}, on two ports of this machine: one is the hub, the other,
 * a stranger to it, has the large files. Answers can be spoiled one by one. Safe for use by the
 * threads of the servers; to be set up before the first request.
 */
public final class TestHub implements AutoCloseable {
  public static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  public static final String TOKEN = "hf_verySecretToken";
  private static final int LARGE = 10_000;
  private static final Patience FAST =
      new Patience(
          Duration.ofSeconds(2),
          Duration.ofMillis(700),
          3,
          Duration.ofMillis(10),
          Duration.ofSeconds(3));

  /** What goes wrong with one answer. */
  public sealed interface Fault {
    /** The connection breaks after so many bytes of the body. */
    record Cut(int bytes) implements Fault {}

    /** No byte comes after so many. */
    record Stall(int bytes, long millis) implements Fault {}

    /** A byte is another. */
    record Flip(int at) implements Fault {}

    /** An error with these headers. */
    record Status(int code, Map<String, String> headers) implements Fault {}

    /** The length that is announced and sent is another. */
    record Length(int bytes) implements Fault {}

    /** So many bytes more are sent, without an announced length. */
    record More(int bytes) implements Fault {}

    /** The whole content although a part was asked for. */
    record NoRange() implements Fault {}
  }

  /** One request as the server saw it; what is missing is empty. */
  public record Request(
      boolean hub,
      String method,
      String path,
      String authorization,
      String range,
      String ifRange) {}

  private final Map<String, byte[]> files = new TreeMap<>();
  private final Map<String, Deque<Fault>> faults = new ConcurrentHashMap<>();
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final HttpServer hub;
  private final HttpServer store;
  private volatile boolean listsSizes = true;
  private volatile String version = "1";

  public TestHub() throws IOException {
    hub = start();
    store = start();
    hub.createContext("/", exchange -> serve(true, exchange));
    store.createContext("/", exchange -> serve(false, exchange));
  }

  private HttpServer start() throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.start();
    return server;
  }

  public TestHub file(String name, byte[] content) {
    files.put(name, content);
    return this;
  }

  public TestHub file(String name, String content) {
    return file(name, content.getBytes(StandardCharsets.UTF_8));
  }

  /** The next answer for {@code name}, or for the list of files if it is empty, is spoiled. */
  public TestHub spoil(String name, Fault fault) {
    faults.computeIfAbsent(name, n -> new ArrayDeque<>()).add(fault);
    return this;
  }

  /** The list of files tells neither sizes nor checksums. */
  TestHub withoutSizes() {
    listsSizes = false;
    return this;
  }

  /** Entity tags of the second port change. */
  void changeVersion() {
    version = version + "1";
  }

  public String endpoint() {
    return "http://127.0.0.1:" + hub.getAddress().getPort();
  }

  /** A client with this home folder. */
  Hub client(Path home, String... more) {
    Map<String, String> environment = new HashMap<>(Map.of("HF_ENDPOINT", endpoint()));
    for (int i = 0; i < more.length; i += 2) {
      environment.put(more[i], more[i + 1]);
    }
    return Hub.of(environment, home, FAST);
  }

  public List<Request> requests() {
    return requests;
  }

  /** Requests for the content of {@code name}, at the port that has it. */
  public List<Request> downloads(String name) {
    boolean large = files.get(name).length >= LARGE;
    return requests.stream()
        .filter(r -> r.method().equals("GET") && r.hub() != large && r.path().endsWith("/" + name))
        .toList();
  }

  private void serve(boolean atHub, HttpExchange exchange) {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      requests.add(
          new Request(
              atHub,
              exchange.getRequestMethod(),
              path,
              header(exchange, "Authorization"),
              header(exchange, "Range"),
              header(exchange, "If-Range")));
      if (path.startsWith("/api/models/org/name/revision/")) {
        list(exchange);
      } else {
        String name = path.replaceFirst("^/org/name/resolve/" + COMMIT + "/|^/store/", "");
        byte[] content = files.get(name);
        if (content == null) {
          empty(exchange, 404);
        } else if (atHub && content.length >= LARGE) {
          redirect(exchange, name, content);
        } else {
          send(exchange, name, content);
        }
      }
    } catch (IOException e) {
      // The client went away, which some tests want.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static String header(HttpExchange exchange, String name) {
    String value = exchange.getRequestHeaders().getFirst(name);
    return value == null ? "" : value;
  }

  private Fault fault(String name) {
    Deque<Fault> waiting = faults.get(name);
    if (waiting == null) {
      return null;
    }
    synchronized (waiting) {
      return waiting.poll();
    }
  }

  private void list(HttpExchange exchange) throws IOException {
    if (fault("") instanceof Fault.Status(int code, Map<String, String> headers)) {
      headers.forEach(exchange.getResponseHeaders()::set);
      empty(exchange, code);
      return;
    }
    StringBuilder json =
        new StringBuilder("{\"id\":\"org/name\",\"sha\":\"" + COMMIT + "\",\"siblings\":[");
    files.forEach(
        (name, content) ->
            json.append(json.charAt(json.length() - 1) == '[' ? "" : ",")
                .append(sibling(name, content)));
    byte[] body = json.append("]}").toString().getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
  }

  private String sibling(String name, byte[] content) {
    if (!listsSizes) {
      return "{\"rfilename\":\"%s\"}".formatted(name);
    }
    return content.length >= LARGE
        ? "{\"rfilename\":\"%s\",\"size\":%d,\"blobId\":\"%s\",\"lfs\":{\"sha256\":\"%s\",\"size\":%d,\"pointerSize\":134}}"
            .formatted(name, content.length, "0".repeat(40), hash(content), content.length)
        : "{\"rfilename\":\"%s\",\"size\":%d,\"blobId\":\"%s\"}"
            .formatted(name, content.length, hash(content));
  }

  /** What the hub names the content by: SHA-256 of a large file, Git's hash of a small one. */
  public static String hash(byte[] content) {
    try {
      MessageDigest digest =
          MessageDigest.getInstance(content.length >= LARGE ? "SHA-256" : "SHA-1");
      if (content.length < LARGE) {
        digest.update(("blob " + content.length).getBytes(StandardCharsets.US_ASCII));
        digest.update((byte) 0);
      }
      return HexFormat.of().formatHex(digest.digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private void redirect(HttpExchange exchange, String name, byte[] content) throws IOException {
    exchange.getResponseHeaders().set("X-Linked-ETag", '"' + hash(content) + '"');
    exchange.getResponseHeaders().set("X-Linked-Size", String.valueOf(content.length));
    exchange
        .getResponseHeaders()
        .set("Location", "http://127.0.0.1:" + store.getAddress().getPort() + "/store/" + name);
    empty(exchange, 302);
  }

  private void send(HttpExchange exchange, String name, byte[] whole)
      throws IOException, InterruptedException {
    byte[] content = whole.clone();
    String tag = '"' + (whole.length >= LARGE ? "v" + version : hash(whole)) + '"';
    exchange.getResponseHeaders().set("ETag", tag);
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", String.valueOf(content.length));
      exchange.sendResponseHeaders(200, -1);
      return;
    }
    Fault fault = fault(name);
    if (fault instanceof Fault.Status(int code, Map<String, String> headers)) {
      headers.forEach(exchange.getResponseHeaders()::set);
      empty(exchange, code);
      return;
    }
    if (fault instanceof Fault.Flip(int at)) {
      content[at] ^= 1;
    }
    String range = header(exchange, "Range");
    String condition = header(exchange, "If-Range");
    boolean partial =
        !range.isEmpty()
            && (condition.isEmpty() || condition.equals(tag))
            && !(fault instanceof Fault.NoRange);
    int from = partial ? Integer.parseInt(range.replaceAll("\\D", "")) : 0;
    if (partial) {
      exchange
          .getResponseHeaders()
          .set(
              "Content-Range",
              "bytes %d-%d/%d".formatted(from, content.length - 1, content.length));
    }
    body(exchange, partial ? 206 : 200, content, from, fault);
  }

  private static void body(HttpExchange exchange, int status, byte[] content, int from, Fault fault)
      throws IOException, InterruptedException {
    int length = content.length - from;
    OutputStream out = exchange.getResponseBody();
    switch (fault) {
      case Fault.Cut(int bytes) -> {
        exchange.sendResponseHeaders(status, length);
        out.write(content, from, bytes);
        out.flush();
      }
      case Fault.Stall(int bytes, long millis) -> {
        exchange.sendResponseHeaders(status, length);
        out.write(content, from, bytes);
        out.flush();
        Thread.sleep(millis);
      }
      case Fault.Length(int bytes) -> {
        exchange.sendResponseHeaders(status, bytes);
        out.write(new byte[bytes]);
      }
      case Fault.More(int bytes) -> {
        exchange.sendResponseHeaders(status, 0);
        out.write(content, from, length);
        out.write(new byte[bytes]);
      }
      case null, default -> {
        exchange.sendResponseHeaders(status, length);
        out.write(content, from, length);
      }
    }
  }

  private static void empty(HttpExchange exchange, int status) {
    try {
      exchange.sendResponseHeaders(status, -1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    hub.stop(0);
    store.stop(0);
    threads.shutdownNow();
  }
}
