package org.kiobd.it.bench;

import static org.kiobd.it.bench.Figures.format;
import static org.kiobd.it.bench.Figures.size;

import java.util.List;
import org.kiobd.it.bench.SizeSweep.Point;
import org.kiobd.it.bench.SizeSweep.Strategy;
import org.kiobd.volume.kiobuf.Op;

/**
 * Draws the sweep as SVG: a panel for each op, a line for each strategy, both axes logarithmic. The output depends only on the points.
 * Stateless.
 */
final class SweepPlot {
    private static final int PANEL_WIDTH = 400;
    private static final int PANEL_HEIGHT = 300;
    private static final int LEFT = 60;
    private static final int TOP = 70;
    private static final int GAP = 50;
    private static final int LEGEND_WIDTH = 190;
    private static final double LEAST_MIB = 64;
    private static final double MOST_MIB = 16384;
    private static final double MIB = 1 << 20;
    private static final double LOG_2 = Math.log(2);

    private SweepPlot() {}

    static String svg(List<Point> points) {
        StringBuilder svg = new StringBuilder();
        int width = LEFT + 2 * PANEL_WIDTH + GAP + 20;
        int height = TOP + PANEL_HEIGHT + 60;
        svg.append(format(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"11\">%n",
                width, height));
        svg.append(format("<rect width=\"%d\" height=\"%d\" fill=\"white\"/>%n", width, height));
        legend(svg);
        panel(svg, LEFT, Op.READ, points);
        panel(svg, LEFT + PANEL_WIDTH + GAP, Op.WRITE, points);
        return svg.append("</svg>\n").toString();
    }

    private static void legend(StringBuilder svg) {
        int x = LEFT;
        for (Strategy strategy : Strategy.values()) {
            svg.append(format(
                    "<line x1=\"%d\" y1=\"20\" x2=\"%d\" y2=\"20\" stroke=\"%s\" stroke-width=\"2\" stroke-dasharray=\"%s\"/>%n",
                    x, x + 30, strategy.colour(), strategy.dash()));
            text(svg, x + 36, 24, "start", strategy.title());
            x += LEGEND_WIDTH;
        }
    }

    private static void panel(StringBuilder svg, int left, Op op, List<Point> points) {
        text(svg, left + PANEL_WIDTH / 2, TOP - 12, "middle", op + ", MiB a CPU second, by size of a request");
        for (double mib = LEAST_MIB; mib <= MOST_MIB; mib *= 4) {
            double y = y(mib);
            line(svg, left, y, left + PANEL_WIDTH, y);
            text(svg, left - 6, y + 4, "end", format("%.0f", mib));
        }
        for (int bytes = SizeSweep.FIRST_BYTES; bytes <= SizeSweep.LAST_BYTES; bytes *= 8) {
            double x = x(left, bytes);
            line(svg, x, TOP, x, TOP + PANEL_HEIGHT);
            text(svg, x, TOP + PANEL_HEIGHT + 16, "middle", size(bytes));
        }
        for (Strategy strategy : Strategy.values()) {
            StringBuilder path = new StringBuilder();
            for (Point point : points) {
                if (point.op() == op) {
                    path.append(format("%.1f,%.1f ", x(left, point.bytes()), y(point.of(strategy) / MIB)));
                }
            }
            svg.append(format(
                    "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\" stroke-dasharray=\"%s\"/>%n",
                    path.toString().strip(), strategy.colour(), strategy.dash()));
        }
    }

    private static double x(int left, int bytes) {
        double steps = Math.log((double) SizeSweep.LAST_BYTES / SizeSweep.FIRST_BYTES) / LOG_2;
        return left + PANEL_WIDTH * Math.log((double) bytes / SizeSweep.FIRST_BYTES) / LOG_2 / steps;
    }

    private static double y(double mib) {
        double held = Math.max(LEAST_MIB, Math.min(MOST_MIB, mib));
        return TOP + PANEL_HEIGHT - PANEL_HEIGHT * Math.log(held / LEAST_MIB) / Math.log(MOST_MIB / LEAST_MIB);
    }

    private static void line(StringBuilder svg, double x1, double y1, double x2, double y2) {
        svg.append(format("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>%n", x1, y1, x2, y2));
    }

    private static void text(StringBuilder svg, double x, double y, String anchor, String words) {
        svg.append(format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>%n", x, y, anchor, words));
    }
}
