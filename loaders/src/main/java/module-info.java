/** Files to tensors and models: safetensors, Hugging Face configurations, images. */
module nibble.loaders {
  requires transitive nibble.nn;
  requires com.fasterxml.jackson.core;
  requires java.desktop;
  requires java.net.http;
  requires static org.jspecify;

  exports nibble.loaders;
  exports nibble.loaders.api;
  exports nibble.loaders.chat;
  exports nibble.loaders.data;
  exports nibble.loaders.gguf;
  exports nibble.loaders.hf;
  exports nibble.loaders.hub;
  exports nibble.loaders.image;
  exports nibble.loaders.json;
  exports nibble.loaders.model;
  exports nibble.loaders.safetensors;
  exports nibble.loaders.tokenizer;
  exports nibble.loaders.tokenizer.sentencepiece;
}
