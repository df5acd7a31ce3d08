package nibble.loaders.image;

import nibble.loaders.BadFileException;

/**
 * What the markers before the first scan of a JPEG file say.
 *
 * @param width pixels
 * @param height pixels
 * @param colours how the components are meant, by libjpeg's rules
 * @param adobe whether there is an Adobe marker: CMYK samples are then stored inverted
 */
record JpegHeader(int width, int height, Colours colours, boolean adobe) {
  enum Colours {
    GREY(1),
    RGB(3),
    YCC(3),
    CMYK(4),
    YCCK(4);

    final int components;

    Colours(int components) {
      this.components = components;
    }
  }

  private static final int SOI = 0xD8;
  private static final int SOS = 0xDA;
  private static final int EOI = 0xD9;
  private static final int APP0 = 0xE0;
  private static final int APP14 = 0xEE;
  private static final int NO_ADOBE = -1;

  static boolean isJpeg(byte[] content) {
    return content.length >= 3
        && (content[0] & 0xFF) == 0xFF
        && (content[1] & 0xFF) == SOI
        && (content[2] & 0xFF) == 0xFF;
  }

  /** Throws {@link BadFileException} if there is no complete frame header before the first scan. */
  static JpegHeader read(String source, byte[] content) {
    return new Scanner(source, content).read();
  }

  /** Walks over the markers. */
  private static final class Scanner {
    private final String source;
    private final byte[] content;
    private int at = 2;
    private int frameAt;
    private boolean jfif;
    private int adobeTransform = NO_ADOBE;

    Scanner(String source, byte[] content) {
      this.source = source;
      this.content = content;
    }

    JpegHeader read() {
      JpegHeader header = null;
      while (true) {
        int marker = nextMarker();
        if (marker == SOS && header != null) {
          return new JpegHeader(
              header.width, header.height, colours(header), adobeTransform != NO_ADOBE);
        }
        if (marker == SOS || marker == EOI) {
          throw new BadFileException(
              source + ": damaged JPEG: no frame header before the image data");
        }
        int length = u16(at);
        if (length < 2 || at + length > content.length) {
          throw truncated();
        }
        if (isFrame(marker)) {
          frameAt = at;
          header = frame(length);
        } else if (marker == APP0 && length >= 7 && ascii(at + 2, "JFIF\0")) {
          jfif = true;
        } else if (marker == APP14 && length >= 14 && ascii(at + 2, "Adobe")) {
          adobeTransform = content[at + 13] & 0xFF;
        }
        at += length;
      }
    }

    private JpegHeader frame(int length) {
      if (length < 8) {
        throw truncated();
      }
      int components = content[at + 7] & 0xFF;
      if (length < 8 + 3 * components) {
        throw truncated();
      }
      if (components != 1 && components != 3 && components != 4) {
        throw new BadFileException(
            source + ": JPEG with " + components + " components, expected 1, 3 or 4");
      }
      int precision = content[at + 2] & 0xFF;
      if (precision != 8) {
        throw new BadFileException(
            source
                + ": JPEG with "
                + precision
                + " bits per sample, expected 8; convert it to 8-bit JPEG or PNG");
      }
      Colours unsettled =
          components == 1 ? Colours.GREY : components == 3 ? Colours.YCC : Colours.CMYK;
      return new JpegHeader(u16(at + 5), u16(at + 3), unsettled, false);
    }

    /** The rules of libjpeg's default_decompress_parms. */
    private Colours colours(JpegHeader header) {
      return switch (header.colours.components) {
        case 1 -> Colours.GREY;
        case 3 -> {
          boolean rgb = !jfif && (adobeTransform == NO_ADOBE ? ascii3("RGB") : adobeTransform == 0);
          yield rgb ? Colours.RGB : Colours.YCC;
        }
        default -> adobeTransform == 2 ? Colours.YCCK : Colours.CMYK;
      };
    }

    private boolean ascii3(String ids) {
      for (int i = 0; i < 3; i++) {
        if (content[frameAt + 8 + 3 * i] != ids.charAt(i)) {
          return false;
        }
      }
      return true;
    }

    /**
     * Moves behind the next marker and returns its code; bytes that are no marker are passed over,
     * as libjpeg does it.
     */
    private int nextMarker() {
      while (at + 1 < content.length) {
        int code = content[at + 1] & 0xFF;
        boolean found = (content[at] & 0xFF) == 0xFF && code != 0 && code != 0xFF;
        at += found ? 2 : 1;
        if (found) {
          return code;
        }
      }
      throw truncated();
    }

    private int u16(int from) {
      if (from + 2 > content.length) {
        throw truncated();
      }
      return (content[from] & 0xFF) << 8 | content[from + 1] & 0xFF;
    }

    private boolean ascii(int from, String text) {
      for (int i = 0; i < text.length(); i++) {
        if (content[from + i] != text.charAt(i)) {
          return false;
        }
      }
      return true;
    }

    private static boolean isFrame(int marker) {
      return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    }

    private BadFileException truncated() {
      return new BadFileException(source + ": truncated JPEG: it ends inside its header");
    }
  }
}
