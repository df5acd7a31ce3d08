/** The command line, the generator of the built-in picture set, and HTML reports. */
module nibble.cli {
  requires nibble.kernels;
  requires nibble.tensor;
  requires nibble.nn;
  requires nibble.loaders;
  requires nibble.quant;
  requires info.picocli;
  requires jdk.httpserver;
  requires static org.jspecify;

  exports nibble.cli;
  exports nibble.cli.bench;
  exports nibble.cli.data;
  exports nibble.cli.evaluation;
  exports nibble.cli.report;
  exports nibble.cli.serve;
  exports nibble.cli.synthetic;
  exports nibble.cli.terminal;
  exports nibble.cli.training;

  opens nibble.cli to
      info.picocli;
  opens nibble.cli.command to
      info.picocli;
}
