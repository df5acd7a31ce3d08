/** Number formats, observers, transforms, rounding, methods and recipes. */
module nibble.quant {
  requires transitive nibble.nn;
  requires ojalgo;
  requires static org.jspecify;

  exports nibble.quant.bcq;
  exports nibble.quant.catalogue;
  exports nibble.quant.format;
  exports nibble.quant.gptq;
  exports nibble.quant.linalg;
  exports nibble.quant.method;
  exports nibble.quant.observer;
  exports nibble.quant.pipeline;
  exports nibble.quant.recipe;
  exports nibble.quant.rotation;
  exports nibble.quant.rtn;
}
