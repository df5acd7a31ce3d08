/**
 * Reports as one HTML file: text, tables and plots in inline SVG, no script, nothing loaded from
 * elsewhere, readable in light and dark. What was measured is in {@link nibble.cli.report.Results},
 * which {@link nibble.cli.report.ResultsPage} turns into a page; pages of another kind are built
 * with {@link nibble.cli.report.HtmlReport}.
 *
 * <pre>{@code
 * new HtmlReport("Quantizing a vision transformer")
 *     .section("Quality")
 *     .figure("Top-1 on the test images", new ScatterPlot(new Axis("size", "KiB"), new Axis("top-1", "%")).point("float", 4600, 91.0, 0))
 *     .write(Path.of("report.html"));
 * }</pre>
 */
@NullMarked
package nibble.cli.report;

import org.jspecify.annotations.NullMarked;
