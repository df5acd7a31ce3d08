/** The command line. */
module nibble.cli {
  requires nibble.loaders;
  requires nibble.quant;
  requires info.picocli;
  requires static org.jspecify;

}
