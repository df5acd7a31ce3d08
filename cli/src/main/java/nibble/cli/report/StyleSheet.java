package nibble.cli.report;

/**
 * The look of a report. The six series colours are those of Okabe and Ito (distinct for
 * colour-blind readers), a little darker on white and lighter on black.
 */
final class StyleSheet {
  static final String TEXT =
      """
      :root { --page: #ffffff; --text: #1c1f23; --soft: #5b6470; --rule: #dfe3e8; --panel: #f6f7f9;
        --s0: #0068a8; --s1: #c75300; --s2: #008563; --s3: #b35c8f; --s4: #a97b00; --s5: #2b8fc4; }
      @media (prefers-color-scheme: dark) {
        :root { --page: #15181c; --text: #e6e9ed; --soft: #a3adb8; --rule: #333a42; --panel: #1d2126;
          --s0: #56b4e9; --s1: #f0863a; --s2: #2fc49a; --s3: #dd94bd; --s4: #e6b93c; --s5: #8fd0f5; }
      }
      * { box-sizing: border-box; }
      body { margin: 0 auto; padding: 32px 20px 64px; max-width: 860px; background: var(--page); color: var(--text);
        font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
      h1 { font-size: 28px; line-height: 1.25; margin: 0 0 8px; }
      h2 { font-size: 20px; margin: 40px 0 8px; }
      p { margin: 8px 0 16px; }
      pre { background: var(--panel); border: 1px solid var(--rule); border-radius: 6px; padding: 10px 14px; overflow-x: auto; font-size: 14px; }
      .wide { overflow-x: auto; margin: 12px 0 20px; }
      table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 15px; }
      th, td { text-align: left; padding: 7px 12px; border-bottom: 1px solid var(--rule); white-space: nowrap; }
      th { color: var(--soft); font-weight: 600; border-bottom-width: 2px; }
      .number { text-align: right; }
      figure { margin: 16px 0 28px; }
      figcaption { color: var(--soft); font-size: 14px; margin-top: 6px; }
      svg { display: block; width: 100%; height: auto; font-family: inherit; }
      svg text { fill: var(--text); font-size: 13px; }
      svg text.tick { fill: var(--soft); }
      svg text.axis { font-weight: 600; }
      svg .grid { stroke: var(--rule); stroke-width: 1; }
      svg .base { stroke: var(--soft); stroke-width: 1.2; }
      """
          + series();

  private StyleSheet() {}

  private static String series() {
    StringBuilder rules = new StringBuilder();
    for (int i = 0; i < 6; i++) {
      rules.append(
          ".fill%1$d { fill: var(--s%1$d); } .area%1$d { fill: var(--s%1$d); fill-opacity: 0.22; stroke: none; }\n"
              .formatted(i));
      rules.append(
          ".line%1$d { fill: none; stroke: var(--s%1$d); stroke-width: 2; stroke-linejoin: round; }\n"
              .formatted(i));
    }
    return rules.toString();
  }
}
