/** Number formats, observers, transforms, rounding, methods and recipes. */
module nibble.quant {
  requires transitive nibble.nn;
  requires ojalgo;
  requires static org.jspecify;

  exports nibble.quant.adalog;
  exports nibble.quant.adaround;
  exports nibble.quant.affinequant;
  exports nibble.quant.allocation;
  exports nibble.quant.bcq;
  exports nibble.quant.brecq;
  exports nibble.quant.catalogue;
  exports nibble.quant.cbq;
  exports nibble.quant.equivalence;
  exports nibble.quant.fisher;
  exports nibble.quant.fold;
  exports nibble.quant.format;
  exports nibble.quant.fqvit;
  exports nibble.quant.gplq;
  exports nibble.quant.gptq;
  exports nibble.quant.linalg;
  exports nibble.quant.lsq;
  exports nibble.quant.lsqqat;
  exports nibble.quant.method;
  exports nibble.quant.mixed;
  exports nibble.quant.model;
  exports nibble.quant.noisyquant;
  exports nibble.quant.observer;
  exports nibble.quant.omniquant;
  exports nibble.quant.ostquant;
  exports nibble.quant.pca;
  exports nibble.quant.pipeline;
  exports nibble.quant.ptq4vit;
  exports nibble.quant.qwt;
  exports nibble.quant.range;
  exports nibble.quant.recipe;
  exports nibble.quant.reconstruct;
  exports nibble.quant.repqvit;
  exports nibble.quant.ridge;
  exports nibble.quant.rotation;
  exports nibble.quant.rounding;
  exports nibble.quant.rtn;
  exports nibble.quant.smoothquant;
  exports nibble.quant.spinquant;
  exports nibble.quant.stiefel;
  exports nibble.quant.training;
  exports nibble.quant.tuning;
}
