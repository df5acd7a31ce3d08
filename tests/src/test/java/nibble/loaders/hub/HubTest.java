package nibble.loaders.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import nibble.loaders.hf.HubCache;
import nibble.loaders.hf.ModelFolder;
import nibble.loaders.hf.ModelId;
import nibble.loaders.hub.TestHub.Fault;
import nibble.loaders.hub.TestHub.Request;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HubTest {
  private static final ModelId MODEL = ModelId.of("org/name");
  private static final String WEIGHTS = "model.safetensors";
  private static final byte[] CONTENT = random(300_000);

  @TempDir Path home;
  private TestHub server;

  @BeforeEach
  void start() throws IOException {
    server = new TestHub().file("config.json", "{\"model_type\":\"vit\"}").file(WEIGHTS, CONTENT);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  /** Keeps what it hears. */
  private static final class Ear implements PullListener {
    private final List<String> notes = new ArrayList<>();
    private long here = -1;
    private long total;
    private long done;

    @Override
    public void begin(long there, long all) {
      here = there;
      total = all;
    }

    @Override
    public void progress(String file, long bytes) {
      done = bytes;
    }

    @Override
    public void note(String line) {
      notes.add(line);
    }
  }

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random(1).nextBytes(bytes);
    return bytes;
  }

  private PulledModel pull() {
    return server.client(home).pull(MODEL, List.of(), PullListener.SILENT);
  }

  private String failure(Hub hub, String... patterns) {
    String message =
        assertThrows(
                HubException.class, () -> hub.pull(MODEL, List.of(patterns), PullListener.SILENT))
            .getMessage();
    assertEquals(1, message.lines().count(), message);
    return message;
  }

  private Path repository() {
    return home.resolve(".cache/huggingface/hub/models--org--name");
  }

  private Path blob(byte[] content) {
    return repository().resolve("blobs").resolve(TestHub.hash(content));
  }

  @Test
  void takesWhatNibbleReadsAndFilesItLikeOtherPrograms() throws IOException {
    server
        .file("tokenizer.json", "{}")
        .file("1_Pooling/config.json", "{\"a\":1}")
        .file("modules.json", "[]")
        .file("chat_template.jinja", "x");
    server
        .file("pytorch_model.bin", random(20_000))
        .file("onnx/model.onnx", random(20_000))
        .file("README.md", "read")
        .file("tf_model.h5", "x");
    Ear ear = new Ear();
    PulledModel pulled = server.client(home).pull(MODEL, List.of(), ear);
    assertEquals(
        List.of(
            "1_Pooling/config.json",
            "chat_template.jinja",
            "config.json",
            "modules.json",
            "tokenizer.json",
            WEIGHTS),
        pulled.files().stream().map(PulledModel.File::name).toList());
    Path snapshot = repository().resolve("snapshots").resolve(TestHub.COMMIT);
    assertEquals(snapshot, pulled.folder());
    assertArrayEquals(CONTENT, Files.readAllBytes(snapshot.resolve(WEIGHTS)));
    assertEquals("{\"a\":1}", Files.readString(snapshot.resolve("1_Pooling/config.json")));
    assertEquals(
        Path.of("../../blobs/" + TestHub.hash(CONTENT)),
        Files.readSymbolicLink(snapshot.resolve(WEIGHTS)));
    assertTrue(
        Files.isRegularFile(
            snapshot
                .resolve("1_Pooling")
                .resolve(Files.readSymbolicLink(snapshot.resolve("1_Pooling/config.json")))));
    assertEquals(TestHub.COMMIT, Files.readString(repository().resolve("refs/main")));
    assertEquals(snapshot, ModelFolder.resolve("org/name", new HubCache(repository().getParent())));
    assertEquals(pulled.bytes(), pulled.downloadedBytes());
    assertEquals(pulled.bytes(), ear.total);
    assertEquals(ear.total, ear.done);
    assertEquals(0, ear.here);
    assertTrue(
        server.requests().stream().noneMatch(r -> r.path().matches(".*(bin|onnx|README.md|h5)")),
        server.requests().toString());
  }

  @Test
  void whatIsThereIsNotDownloadedAgain() {
    pull();
    int before = server.requests().size();
    PulledModel again = pull();
    assertEquals(0, again.downloadedBytes());
    assertEquals(before + 1, server.requests().size(), "only the list");
  }

  @Test
  void cutConnectionsAreContinued() throws IOException {
    server
        .spoil(WEIGHTS, new Fault.Cut(100_000))
        .spoil(WEIGHTS, new Fault.Cut(50_000))
        .spoil(WEIGHTS, new Fault.Cut(1))
        .spoil(WEIGHTS, new Fault.Cut(7));
    PulledModel pulled = pull();
    assertArrayEquals(CONTENT, Files.readAllBytes(pulled.folder().resolve(WEIGHTS)));
    List<Request> downloads = server.downloads(WEIGHTS);
    assertEquals(
        List.of("", "bytes=100000-", "bytes=150000-", "bytes=150001-", "bytes=150008-"),
        downloads.stream().map(Request::range).toList());
    assertEquals(
        List.of("", "\"v1\"", "\"v1\"", "\"v1\"", "\"v1\""),
        downloads.stream().map(Request::ifRange).toList());
  }

  @Test
  void aFailedRunIsContinuedByTheNext() throws IOException {
    for (int i = 0; i < 3; i++) {
      server.spoil(WEIGHTS, i == 0 ? new Fault.Cut(100_000) : new Fault.Status(503, Map.of()));
    }
    assertTrue(
        failure(server.client(home))
            .contains("org/name/model.safetensors: the server answers with status 503 (after "));
    assertFalse(Files.exists(blob(CONTENT)));
    assertFalse(
        Files.exists(repository().resolve("refs/main")), "an incomplete model has no revision");
    assertEquals(100_000, Files.size(PartialFile.of(blob(CONTENT))));
    Ear ear = new Ear();
    PulledModel pulled = server.client(home).pull(MODEL, List.of(), ear);
    assertEquals("bytes=100000-", server.downloads(WEIGHTS).getLast().range());
    assertEquals(200_000, pulled.downloadedBytes());
    assertEquals(pulled.bytes() - 200_000, ear.here);
    assertArrayEquals(CONTENT, Files.readAllBytes(blob(CONTENT)));
    assertEquals(List.of(blob(CONTENT).getFileName().toString()), blobsOtherThanConfig());
  }

  private List<String> blobsOtherThanConfig() throws IOException {
    try (Stream<Path> files = Files.list(repository().resolve("blobs"))) {
      return files
          .map(f -> f.getFileName().toString())
          .filter(n -> n.length() != 40)
          .sorted()
          .toList();
    }
  }

  @Test
  void anotherVersionIsNotContinued() throws IOException {
    server
        .spoil(WEIGHTS, new Fault.Cut(100_000))
        .spoil(WEIGHTS, new Fault.Status(500, Map.of()))
        .spoil(WEIGHTS, new Fault.Status(500, Map.of()))
        .spoil(WEIGHTS, new Fault.Status(500, Map.of()));
    failure(server.client(home));
    server.changeVersion();
    pull();
    Request last = server.downloads(WEIGHTS).getLast();
    assertEquals("\"v1\"", last.ifRange());
    assertArrayEquals(
        CONTENT,
        Files.readAllBytes(blob(CONTENT)),
        "the server sent everything, and it was not appended");
  }

  @Test
  void serversWithoutRangesStartAgain() throws IOException {
    server.spoil(WEIGHTS, new Fault.Cut(100_000)).spoil(WEIGHTS, new Fault.NoRange());
    pull();
    assertArrayEquals(CONTENT, Files.readAllBytes(blob(CONTENT)));
  }

  @Test
  void corruptBytesAreNotKept() throws IOException {
    server.spoil(WEIGHTS, new Fault.Flip(299_999));
    String message = failure(server.client(home));
    assertTrue(
        message.contains("model.safetensors: the content is damaged")
            && message.contains("expected " + TestHub.hash(CONTENT)),
        message);
    assertFalse(Files.exists(blob(CONTENT)));
    assertEquals(0, Files.size(PartialFile.of(blob(CONTENT))));
    pull();
    assertArrayEquals(CONTENT, Files.readAllBytes(blob(CONTENT)));
  }

  @Test
  void smallFilesAreCheckedToo() {
    server.spoil("config.json", new Fault.Flip(3));
    assertTrue(failure(server.client(home)).contains("config.json: the content is damaged"));
  }

  @Test
  void aDamagedBeginningIsDroppedOnce() throws IOException {
    Files.createDirectories(blob(CONTENT).getParent());
    Files.write(PartialFile.of(blob(CONTENT)), new byte[1000]);
    Ear ear = new Ear();
    server.client(home).pull(MODEL, List.of(), ear);
    assertArrayEquals(CONTENT, Files.readAllBytes(blob(CONTENT)));
    assertEquals(
        List.of("bytes=1000-", ""),
        server.downloads(WEIGHTS).stream().map(Request::range).toList());
    assertTrue(
        ear.notes.toString().contains("what an earlier run left is damaged"), ear.notes.toString());
  }

  @Test
  void aBeginningThatIsTooLongIsDropped() throws IOException {
    Files.createDirectories(blob(CONTENT).getParent());
    Files.write(PartialFile.of(blob(CONTENT)), new byte[300_001]);
    pull();
    assertArrayEquals(CONTENT, Files.readAllBytes(blob(CONTENT)));
  }

  @Test
  void otherLengthsAreRefused() {
    server.spoil(WEIGHTS, new Fault.Length(299_999));
    assertTrue(
        failure(server.client(home)).contains("the server sends 299999 bytes, expected 300000"));
    server.spoil(WEIGHTS, new Fault.More(1));
    assertTrue(
        failure(server.client(home)).contains("the server sends more than the 300000 bytes"));
    assertFalse(Files.exists(blob(CONTENT)));
  }

  @Test
  void aServerThatFallsSilentIsLeft() throws IOException {
    server.spoil(WEIGHTS, new Fault.Stall(60_000, 600_000));
    Ear ear = new Ear();
    server.client(home).pull(MODEL, List.of(), ear);
    assertArrayEquals(CONTENT, Files.readAllBytes(blob(CONTENT)));
    assertEquals("bytes=60000-", server.downloads(WEIGHTS).getLast().range());
    assertTrue(ear.notes.toString().contains("no bytes for"), ear.notes.toString());
  }

  @Test
  void theTokenGoesToTheHubOnly() {
    server.spoil("config.json", new Fault.Status(503, Map.of()));
    Ear ear = new Ear();
    server.client(home, "HF_TOKEN", TestHub.TOKEN).pull(MODEL, List.of(), ear);
    for (Request request : server.requests()) {
      assertEquals(
          request.hub() ? "Bearer " + TestHub.TOKEN : "",
          request.authorization(),
          request.toString());
    }
    assertTrue(
        server.requests().stream().anyMatch(r -> !r.hub()),
        "a redirect to another port was followed");
    assertFalse(ear.notes.toString().contains(TestHub.TOKEN));
    assertEquals("***", new HubToken(TestHub.TOKEN).toString());
  }

  @Test
  void theTokenIsFoundWhereOtherProgramsKeepIt() throws IOException {
    Files.createDirectories(home.resolve(".cache/huggingface"));
    Files.writeString(home.resolve(".cache/huggingface/token"), TestHub.TOKEN + "\n");
    pull();
    assertEquals("Bearer " + TestHub.TOKEN, server.requests().getFirst().authorization());
    String message =
        assertThrows(HubException.class, () -> server.client(home, "HF_TOKEN", "se cret"))
            .getMessage();
    assertFalse(message.contains("cret"), message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "401||false|no such model, or it is private (status 401); check the name, or set HF_TOKEN",
        "401||true|does not accept the token (status 401)",
        "403||true|the account of HF_TOKEN may not read it",
        "403|GatedRepo|true|access is restricted (status 403); accept the conditions at"
            + " ENDPOINT/org/name with the account of HF_TOKEN",
        "401|GatedRepo|false|access is restricted (status 401); accept the conditions at"
            + " ENDPOINT/org/name, then set HF_TOKEN",
        "404|RevisionNotFound|false|has no branch, tag or commit 'main'",
        "404||false|has no such model, revision or file (status 404)",
        "418||false|answers with status 418, expected 200"
      })
  void refusalsAreOneClearLine(int status, String code, boolean token, String expected) {
    server.spoil(
        "", new Fault.Status(status, code == null ? Map.of() : Map.of("X-Error-Code", code)));
    String message =
        failure(token ? server.client(home, "HF_TOKEN", TestHub.TOKEN) : server.client(home));
    assertTrue(
        message.startsWith("org/name: ")
            && message.contains(expected.replace("ENDPOINT", server.endpoint())),
        message);
    assertFalse(message.contains(TestHub.TOKEN));
    assertEquals(1, server.requests().size(), "not tried again");
  }

  @Test
  void busyServersAreAskedAgainWhenTheySay() {
    server
        .spoil("", new Fault.Status(429, Map.of("Retry-After", "1")))
        .spoil("", new Fault.Status(502, Map.of()));
    Ear ear = new Ear();
    long start = System.nanoTime();
    server.client(home).pull(MODEL, List.of(), ear);
    assertTrue(System.nanoTime() - start >= 1_000_000_000L);
    assertTrue(
        ear.notes.getFirst().contains("status 429; trying again in 1.0 s")
            && ear.notes.get(1).contains("status 502; trying again in 0.0"),
        ear.notes.toString());
  }

  @Test
  void veryBusyServersAreNotWaitedFor() {
    server.spoil("", new Fault.Status(429, Map.of("Retry-After", "3600")));
    assertTrue(
        failure(server.client(home))
            .contains("status 429, and the server asks to wait 3600 s; try again later"));
  }

  @Test
  void anUnreachableHubIsOneLine() {
    server.close();
    assertTrue(
        failure(server.client(home))
            .contains("org/name: cannot connect; check the network and HF_ENDPOINT"));
  }

  @Test
  void namesThatLeadOutOfTheFolderAreRefused() {
    server.file("../../../evil.json", "x").file("/etc/x", "y");
    for (String name : List.of("../../../evil.json", "/etc/x")) {
      assertTrue(
          failure(server.client(home), name)
              .contains("has a file called '" + name + "', which leads out of its folder"));
    }
    pull();
    assertFalse(Files.exists(home.resolve("evil.json")));
  }

  @Test
  void pullsOfManyThreadsDownloadOnce() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<PulledModel>> pulls = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        pulls.add(threads.submit(this::pull));
      }
      for (Future<PulledModel> pull : pulls) {
        assertArrayEquals(CONTENT, Files.readAllBytes(pull.get().folder().resolve(WEIGHTS)));
      }
    }
    assertEquals(1, server.downloads(WEIGHTS).size());
  }

  @Test
  void shardsAreThoseOfTheIndex() throws IOException {
    try (TestHub sharded = new TestHub()) {
      byte[] first = random(30_000);
      sharded
          .file("config.json", "{}")
          .file("model-1.safetensors", first)
          .file("model-2.safetensors", random(20_000))
          .file("model-other.safetensors", "x");
      sharded.file(
          "model.safetensors.index.json",
          "{\"weight_map\":{\"a\":\"model-2.safetensors\",\"b\":\"model-1.safetensors\",\"c\":\"model-1.safetensors\"}}");
      PulledModel pulled = sharded.client(home).pull(MODEL, List.of(), PullListener.SILENT);
      assertEquals(
          List.of(
              "config.json",
              "model.safetensors.index.json",
              "model-1.safetensors",
              "model-2.safetensors"),
          pulled.files().stream().map(PulledModel.File::name).toList());
      assertArrayEquals(first, Files.readAllBytes(pulled.folder().resolve("model-1.safetensors")));
      assertEquals(pulled.bytes(), pulled.downloadedBytes());
      assertEquals(
          pulled.files(),
          sharded
              .client(home, "HF_HUB_OFFLINE", "1")
              .pull(MODEL, List.of(), PullListener.SILENT)
              .files());
    }
  }

  @Test
  void namedFilesAloneAreTaken() throws IOException {
    try (TestHub gguf = new TestHub()) {
      gguf.file("name.Q4_0.gguf", random(20_000)).file("name.Q8_0.gguf", random(20_000));
      assertTrue(
          failure(gguf.client(home))
              .contains(
                  "it has GGUF files, of which you may choose one, as with --file name.Q4_0.gguf"));
      PulledModel pulled =
          gguf.client(home).pull(MODEL, List.of("*.Q8_0.gguf"), PullListener.SILENT);
      assertEquals(
          List.of("name.Q8_0.gguf"), pulled.files().stream().map(PulledModel.File::name).toList());
      assertEquals(0, gguf.downloads("name.Q4_0.gguf").size());
      assertTrue(
          failure(gguf.client(home), "*.bin")
              .contains("no file matches '*.bin'; it has name.Q4_0.gguf, name.Q8_0.gguf"));
    }
  }

  @Test
  void sizesMayComeFromTheFilesThemselves() throws IOException {
    server.withoutSizes();
    PulledModel pulled = pull();
    assertArrayEquals(CONTENT, Files.readAllBytes(pulled.folder().resolve(WEIGHTS)));
    assertEquals(
        TestHub.hash(CONTENT),
        Files.readSymbolicLink(pulled.folder().resolve(WEIGHTS)).getFileName().toString());
    assertEquals(2, server.requests().stream().filter(r -> r.method().equals("HEAD")).count());
    server.spoil(WEIGHTS, new Fault.Flip(0));
    Files.delete(blob(CONTENT));
    assertTrue(failure(server.client(home)).contains("damaged"));
  }

  @Test
  void offlineUsesTheCacheAlone() {
    assertTrue(failure(server.client(home).offline()).contains("org/name: not in the cache"));
    PulledModel pulled = pull();
    int before = server.requests().size();
    PulledModel cached =
        server.client(home, "HF_HUB_OFFLINE", "true").pull(MODEL, List.of(), PullListener.SILENT);
    assertEquals(pulled.folder(), cached.folder());
    assertEquals(pulled.files(), cached.files());
    assertEquals(before, server.requests().size());
  }

  @Test
  void revisionsHaveTheirOwnRef() throws IOException {
    ModelId model = new ModelId("org/name", "refs/pr/1");
    PulledModel pulled = server.client(home).pull(model, List.of(), PullListener.SILENT);
    assertTrue(server.requests().getFirst().path().endsWith("/revision/refs/pr/1"));
    assertEquals(TestHub.COMMIT, Files.readString(repository().resolve("refs/refs/pr/1")));
    assertEquals(
        pulled.folder(),
        ModelFolder.resolve("org/name@refs/pr/1", new HubCache(repository().getParent())));
    assertThrows(IllegalArgumentException.class, () -> new ModelId("org/name", "../x"));
    assertThrows(IllegalArgumentException.class, () -> new ModelId("org/../x", "main"));
  }

  @Test
  void strangeAnswersAreErrors() {
    assertEquals(Optional.of(Duration.ofSeconds(7)), TemporaryFailure.parse("7", Instant.EPOCH));
    assertEquals(
        Optional.of(Duration.ofSeconds(60)),
        TemporaryFailure.parse("Thu, 01 Jan 1970 00:01:00 GMT", Instant.EPOCH));
    assertEquals(Optional.empty(), TemporaryFailure.parse("soon", Instant.EPOCH));
    assertThrows(
        HubException.class,
        () -> Hub.of(Map.of("HF_ENDPOINT", "ftp://x"), home, Patience.DEFAULTS));
    assertThrows(
        HubException.class,
        () -> Hub.of(Map.of("HF_ENDPOINT", "https://user:pw@x"), home, Patience.DEFAULTS));
  }
}
