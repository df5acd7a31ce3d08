/** Layers, model forward passes, optimizers and losses. */
module nibble.nn {
  requires transitive nibble.tensor;
  requires static org.jspecify;

  exports nibble.nn;
  exports nibble.nn.cache;
  exports nibble.nn.clip;
  exports nibble.nn.decoder;
  exports nibble.nn.encoder;
  exports nibble.nn.evaluation;
  exports nibble.nn.generation;
  exports nibble.nn.integer;
  exports nibble.nn.online;
  exports nibble.nn.packed;
  exports nibble.nn.site;
  exports nibble.nn.train;
  exports nibble.nn.transformer;
  exports nibble.nn.vit;
  exports nibble.nn.warmup;
}
