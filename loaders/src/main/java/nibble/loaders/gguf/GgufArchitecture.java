package nibble.loaders.gguf;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** Architectures whose files can be shown as Hugging Face would store them. */
enum GgufArchitecture {
  LLAMA("llama", "llama", "LlamaForCausalLM"),
  QWEN2("qwen2", "qwen2", "Qwen2ForCausalLM"),
  QWEN3("qwen3", "qwen3", "Qwen3ForCausalLM"),
  PHI3("phi3", "phi3", "Phi3ForCausalLM"),
  GEMMA("gemma", "gemma", "GemmaForCausalLM"),
  GEMMA2("gemma2", "gemma2", "Gemma2ForCausalLM"),
  GEMMA3("gemma3", "gemma3_text", "Gemma3ForCausalLM");

  private static final String KEY = "general.architecture";

  private final String id;
  private final String modelType;
  private final String className;

  GgufArchitecture(String id, String modelType, String className) {
    this.id = id;
    this.modelType = modelType;
    this.className = className;
  }

  /** What {@code metadata} says; another one is an error. */
  static GgufArchitecture of(GgufMetadata metadata) {
    String id = metadata.string(KEY);
    Optional<GgufArchitecture> found =
        Arrays.stream(values()).filter(a -> a.id.equals(id)).findFirst();
    return found.orElseThrow(
        () ->
            metadata.error(
                KEY,
                "is '"
                    + id
                    + "', expected one of "
                    + Arrays.stream(values()).map(a -> a.id).collect(Collectors.joining(", "))));
  }

  /** The prefix of this architecture's keys. */
  String id() {
    return id;
  }

  String modelType() {
    return modelType;
  }

  String className() {
    return className;
  }

  /** Whether norms are stored plus 1. */
  boolean isGemma() {
    return this == GEMMA || this == GEMMA2 || this == GEMMA3;
  }

  /** Whether blocks have norms behind attention and feed-forward layer as well. */
  boolean hasNormsBehind() {
    return this == GEMMA2 || this == GEMMA3;
  }
}
