package nibble.cli.serve;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import nibble.loaders.api.ImageClassifier;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;
import nibble.testing.FakeEmbedder;
import nibble.testing.FakeGenerator;
import nibble.testing.TinyModelFolder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ModelServerTest {
  private static final ServerOptions OPTIONS = ServerOptions.DEFAULTS.withAddress("127.0.0.1", 0);
  private static final String EMBEDDINGS = "/v1/embeddings";
  private static final String CHAT = "/v1/chat/completions";

  @TempDir private Path temp;

  private final FakeEmbedder embedder = new FakeEmbedder(0);
  private final FakeGenerator generator = new FakeGenerator();

  private ModelServer start(ServerOptions options) throws IOException {
    return ModelServer.start(
        ServedModels.NONE.with("vectors", embedder).with("writer", generator), options);
  }

  @Test
  void modelsAreListed() throws Exception {
    try (ModelServer server = start(OPTIONS);
        Client client = new Client(server)) {
      JsonObject answer = Json.parseObject("answer", client.get("/v1/models").body());
      assertEquals(
          List.of("vectors", "writer"),
          answer.array("data").values().stream().map(m -> ((JsonObject) m).string("id")).toList());
      assertEquals(200, client.get("/health").statusCode());
    }
  }

  @Test
  void embeddingsComeInOrderAsNumbersOrBase64() throws Exception {
    try (ModelServer server = start(OPTIONS);
        Client client = new Client(server)) {
      JsonObject answer =
          client.answer(EMBEDDINGS, "{\"input\":[\"a b\",\"cde\"],\"user\":\"me\"}");
      assertArrayEquals(
          new double[] {3, "a b".hashCode() % 1000, 0.1},
          answer.array("data").object(0).array("embedding").doubles(),
          1e-7);
      assertArrayEquals(
          new double[] {3, "cde".hashCode() % 1000, 0.1},
          answer.array("data").object(1).array("embedding").doubles(),
          1e-7);
      assertEquals(3, answer.object("usage").integer("prompt_tokens"));
      JsonObject packed =
          client.answer(
              EMBEDDINGS,
              "{\"model\":\"vectors\",\"input\":\"a b\",\"encoding_format\":\"base64\"}");
      ByteBuffer bytes =
          ByteBuffer.wrap(
                  Base64.getDecoder().decode(packed.array("data").object(0).string("embedding")))
              .order(ByteOrder.LITTLE_ENDIAN);
      assertEquals(3f, bytes.getFloat());
      assertEquals(12, bytes.capacity());
    }
  }

  @Test
  void chatAnswersWholeAndAsStream() throws Exception {
    try (ModelServer server = start(OPTIONS);
        Client client = new Client(server)) {
      String question =
          "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"max_tokens\":3,\"top_p\":0.5,\"seed\":7,\"stop\":\"x\"";
      JsonObject whole = client.answer(CHAT, question + "}");
      JsonObject choice = whole.array("choices").object(0);
      assertEquals("hi hi hi ", choice.object("message").string("content"));
      assertEquals("length", choice.string("finish_reason"));
      assertEquals(3, whole.object("usage").integer("completion_tokens"));
      assertEquals(0.5, generator.lastOptions.topP());
      assertEquals(1, generator.lastOptions.temperature());
      assertEquals(7, generator.lastOptions.seed());
      assertEquals(List.of("x"), generator.lastOptions.stop());

      HttpResponse<String> stream =
          client.post(
              CHAT, question + ",\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
      List<String> events =
          stream
              .body()
              .lines()
              .filter(line -> !line.isEmpty())
              .map(line -> line.substring("data: ".length()))
              .toList();
      StringBuilder text = new StringBuilder();
      for (String event : events.subList(0, 3)) {
        text.append(
            Json.parseObject("event", event)
                .array("choices")
                .object(0)
                .object("delta")
                .string("content"));
      }
      assertEquals("hi hi hi ", text.toString());
      assertEquals(
          "length",
          Json.parseObject("event", events.get(3))
              .array("choices")
              .object(0)
              .string("finish_reason"));
      assertEquals(
          3, Json.parseObject("event", events.get(4)).object("usage").integer("completion_tokens"));
      assertEquals("[DONE]", events.get(5));
      assertEquals(6, events.size());
    }
  }

  @Test
  void plainPromptsAreContinued() throws Exception {
    try (ModelServer server = start(OPTIONS);
        Client client = new Client(server)) {
      JsonObject answer = client.answer("/v1/completions", "{\"prompt\":\"la\",\"max_tokens\":2}");
      assertEquals("la la ", answer.array("choices").object(0).string("text"));
    }
  }

  @Test
  void imagesAreClassified() throws Exception {
    Path image = TinyModelFolder.image(temp.resolve("a.png"), 1);
    try (ImageClassifier classifier =
            ImageClassifier.builder(TinyModelFolder.write(temp.resolve("model")))
                .threads(1)
                .open();
        ModelServer server = ModelServer.start(ServedModels.NONE.with("eye", classifier), OPTIONS);
        Client client = new Client(server)) {
      byte[] file = Files.readAllBytes(image);
      HttpResponse<String> raw =
          client.send(
              client
                  .request("/v1/classifications")
                  .header("Content-Type", "image/png")
                  .POST(BodyPublishers.ofByteArray(file)));
      String label = Json.parseObject("answer", raw.body()).array("data").object(0).string("label");
      assertEquals(classifier.classify(image, 1).getFirst().label(), label);
      String url = "data:image/png;base64," + Base64.getEncoder().encodeToString(file);
      JsonObject answer =
          client.answer("/v1/classifications", "{\"image\":\"" + url + "\",\"top\":2}");
      assertEquals(label, answer.array("data").object(0).string("label"));
      assertEquals(2, answer.array("data").size());
      assertTrue(
          client
              .failure(400, client.post("/v1/classifications", "{\"image\":\"AAAA\"}"))
              .startsWith("image: "));
    }
  }

  @Test
  void aThousandRequestsAtOnceAllGetTheirOwnAnswer() throws Exception {
    FakeEmbedder slow = new FakeEmbedder(2);
    ServedModels models = ServedModels.NONE.with("vectors", slow);
    try (ModelServer server =
            ModelServer.start(models, OPTIONS.withQueue(4, 1000, Duration.ofMinutes(1)));
        Client client = new Client(server);
        ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Boolean>> answers = new ArrayList<>();
      for (int i = 0; i < 1000; i++) {
        String text = "text " + i * 7919;
        answers.add(
            callers.submit(
                () -> {
                  double[] vector =
                      client
                          .answer(EMBEDDINGS, "{\"input\":\"" + text + "\"}")
                          .array("data")
                          .object(0)
                          .array("embedding")
                          .doubles();
                  float[] expected = FakeEmbedder.vector(text);
                  return vector[0] == expected[0] && vector[1] == expected[1];
                }));
      }
      for (Future<Boolean> answer : answers) {
        assertTrue(answer.get());
      }
      assertEquals(4, slow.most.get());
    }
  }

  @Test
  void whoComesWhenTheQueueIsFullIsToldSo() throws Exception {
    FakeEmbedder slow = new FakeEmbedder(300);
    try (ModelServer server =
            ModelServer.start(
                ServedModels.NONE.with("vectors", slow),
                OPTIONS.withQueue(1, 1, Duration.ofMinutes(1)));
        Client client = new Client(server);
        ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<HttpResponse<String>>> answers = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        answers.add(callers.submit(() -> client.post(EMBEDDINGS, "{\"input\":\"a\"}")));
      }
      int done = 0;
      for (Future<HttpResponse<String>> answer : answers) {
        HttpResponse<String> response = answer.get();
        if (response.statusCode() == 200) {
          done++;
        } else {
          assertEquals(429, response.statusCode());
          assertEquals("1", response.headers().firstValue("Retry-After").orElse(""));
        }
      }
      assertTrue(done >= 2 && done < 20, done + " of 20 were answered");
      assertEquals(1, slow.most.get());
      assertEquals(200, client.post(EMBEDDINGS, "{\"input\":\"a\"}").statusCode());
    }
  }

  @Test
  void patienceEnds() throws Exception {
    FakeEmbedder slow = new FakeEmbedder(500);
    try (ModelServer server =
            ModelServer.start(
                ServedModels.NONE.with("vectors", slow),
                OPTIONS.withQueue(1, 5, Duration.ofMillis(50)));
        Client client = new Client(server);
        ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<HttpResponse<String>> first =
          callers.submit(() -> client.post(EMBEDDINGS, "{\"input\":\"a\"}"));
      while (server.atWork() == 0) {
        Thread.sleep(5);
      }
      assertTrue(
          client.failure(429, client.post(EMBEDDINGS, "{\"input\":\"a\"}")).contains("no turn"));
      assertEquals(200, first.get().statusCode());
    }
  }

  @Test
  void badRequestsAreRefusedWithAReason() throws Exception {
    try (ModelServer server = start(OPTIONS.withBodyBytes(4096));
        Client client = new Client(server)) {
      assertTrue(
          client.failure(400, client.post(EMBEDDINGS, "{\"input\":")).contains("request body"));
      assertTrue(client.failure(400, client.post(EMBEDDINGS, "[]")).contains("request body"));
      assertTrue(client.failure(400, client.post(EMBEDDINGS, "{}")).contains("'input' is missing"));
      assertTrue(
          client
              .failure(400, client.post(EMBEDDINGS, "{\"input\":[1,2]}"))
              .contains("expected a string"));
      assertTrue(
          client
              .failure(400, client.post(EMBEDDINGS, "{\"input\":\"a\",\"colour\":1}"))
              .contains("'colour' is not supported"));
      assertTrue(
          client
              .failure(400, client.post(EMBEDDINGS, "{\"input\":\"a\",\"dimensions\":2}"))
              .contains("gives 3"));
      assertTrue(
          client
              .failure(404, client.post(EMBEDDINGS, "{\"input\":\"a\",\"model\":\"writer\"}"))
              .contains("vectors"));
      assertTrue(client.failure(400, client.post(CHAT, "{\"messages\":[]}")).contains("messages"));
      assertTrue(
          client
              .failure(
                  400, client.post(CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"\"}]}"))
              .contains("no token"));
      assertTrue(
          client
              .failure(
                  400,
                  client.post(
                      CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"top_p\":2}"))
              .contains("top-p"));
      assertTrue(
          client
              .failure(
                  400,
                  client.post(
                      CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"n\":2}"))
              .contains("'n'"));
      assertTrue(
          client
              .failure(
                  400,
                  client.post(
                      CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"tools\":[]}"))
              .contains("tools"));
      assertTrue(
          client
              .failure(413, client.post(EMBEDDINGS, "{\"input\":\"" + "x".repeat(5000) + "\"}"))
              .contains("4,096"));
      assertTrue(client.failure(404, client.get("/v2")).contains("/v2"));
      assertTrue(client.failure(405, client.get(EMBEDDINGS)).contains("POST"));
      assertTrue(
          client
              .failure(
                  415,
                  client.send(
                      client
                          .request(EMBEDDINGS)
                          .header("Content-Type", "text/plain")
                          .POST(BodyPublishers.ofString("a"))))
              .contains("json"));
      assertTrue(
          client
              .failure(
                  400,
                  client.send(
                      client
                          .request(EMBEDDINGS)
                          .POST(BodyPublishers.ofByteArray(new byte[] {'"', (byte) 0xff}))))
              .contains("UTF-8"));
      assertFalse(
          client.failure(500, client.post(EMBEDDINGS, "{\"input\":\"fail\"}")).contains("secret"));
    }
  }

  @Test
  void aBodyOfUnknownLengthIsCutOffToo() throws Exception {
    try (ModelServer server = start(OPTIONS.withBodyBytes(4096));
        Client client = new Client(server)) {
      byte[] large = "x".repeat(20_000).getBytes(StandardCharsets.UTF_8);
      HttpResponse<String> response =
          client.send(
              client
                  .request(EMBEDDINGS)
                  .POST(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(large))));
      client.failure(413, response);
    }
  }

  @Test
  void theKeyAndTheOriginAreChecked() throws Exception {
    ServerOptions guarded =
        OPTIONS.withApiKey("sesame").withOrigins(Set.of("https://good.example"));
    try (ModelServer server = start(guarded);
        Client client = new Client(server)) {
      client.failure(401, client.get("/v1/models"));
      client.failure(
          401, client.send(client.request("/v1/models").header("Authorization", "Bearer wrong")));
      assertEquals(
          200,
          client
              .send(client.request("/v1/models").header("Authorization", "Bearer sesame"))
              .statusCode());
      client.failure(
          403,
          client.send(
              client
                  .request("/v1/models")
                  .header("Authorization", "Bearer sesame")
                  .header("Origin", "https://evil.example")));
      HttpResponse<String> good =
          client.send(
              client
                  .request("/v1/models")
                  .header("Authorization", "Bearer sesame")
                  .header("Origin", "https://good.example"));
      assertEquals(
          "https://good.example",
          good.headers().firstValue("Access-Control-Allow-Origin").orElse(""));
      HttpResponse<String> preflight =
          client.send(
              client
                  .request(CHAT)
                  .method("OPTIONS", BodyPublishers.noBody())
                  .header("Origin", "https://good.example")
                  .header("Access-Control-Request-Method", "POST"));
      assertEquals(204, preflight.statusCode());
    }
  }

  @Test
  void aClientThatGoesAwayFreesItsPlace() throws Exception {
    try (ModelServer server = start(OPTIONS.withQueue(1, 0, Duration.ofSeconds(1)));
        Client client = new Client(server)) {
      String body = "{\"messages\":[{\"role\":\"user\",\"content\":\"forever\"}],\"stream\":true}";
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress("127.0.0.1", server.address().getPort()));
        OutputStream out = socket.getOutputStream();
        out.write(
            "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                .formatted(CHAT, body.length(), body)
                .getBytes(StandardCharsets.UTF_8));
        assertTrue(socket.getInputStream().read() >= 0);
        assertEquals(1, server.atWork());
      }
      assertTrue(generator.left.await(20, TimeUnit.SECONDS), "the generation goes on for nobody");
      for (int i = 0; i < 1000 && server.atWork() > 0; i++) {
        Thread.sleep(5);
      }
      assertEquals(0, server.atWork());
      assertEquals(200, client.post(CHAT, body.replace("forever", "hi")).statusCode());
    }
  }

  @Test
  void closingWaitsForWhatIsRunning() throws Exception {
    FakeEmbedder slow = new FakeEmbedder(300);
    ModelServer server = ModelServer.start(ServedModels.NONE.with("vectors", slow), OPTIONS);
    try (Client client = new Client(server);
        ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<HttpResponse<String>> running =
          callers.submit(() -> client.post(EMBEDDINGS, "{\"input\":\"a\"}"));
      while (server.atWork() == 0) {
        Thread.sleep(5);
      }
      server.close();
      assertEquals(200, running.get().statusCode());
    }
  }
}
