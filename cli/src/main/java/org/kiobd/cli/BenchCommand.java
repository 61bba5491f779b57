package org.kiobd.cli;

import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;
import org.kiobd.cli.bench.LoadPlan;
import org.kiobd.cli.bench.LoadRun;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.client.ExportInfo;
import org.kiobd.nbd.client.NbdClientOptions;
import org.kiobd.nbd.client.NbdConnector;
import org.kiobd.nbd.client.NbdException;
import org.kiobd.nbd.client.NbdUri;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoops;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kiobd bench}: puts load on an NBD server, kiobd or another, and reports rate and latency. */
@Command(
        name = "bench",
        description = {
            "Load an NBD server, kiobd or another, and measure rate and latency: nbd://HOST[:PORT]/NAME,",
            "nbd+unix:///NAME?socket=PATH, nbds://... Writes need --overwrite. Exit code 1 if requests fail,",
            "3 if --verify finds bytes that differ from what was written."
        },
        sortOptions = false)
final class BenchCommand implements Callable<Integer> {
    private static final int MS_PER_S = 1000;
    private static final int MOST_SECONDS = 86_400;
    private static final int MOST_REQUESTS = 1 << 16;

    /** Parses an offset: a size, or 0. */
    static final class Offsets implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            return text.equals("0") ? 0 : Sizes.parse(text);
        }
    }

    /** Access patterns, named as in fio. */
    private enum Pattern {
        READ(LoadPlan.Order.SEQUENTIAL, 100),
        WRITE(LoadPlan.Order.SEQUENTIAL, 0),
        RANDREAD(LoadPlan.Order.RANDOM, 100),
        RANDWRITE(LoadPlan.Order.RANDOM, 0),
        RW(LoadPlan.Order.SEQUENTIAL, 50),
        RANDRW(LoadPlan.Order.RANDOM, 50);

        private final LoadPlan.Order order;
        private final int readPercent;

        Pattern(LoadPlan.Order order, int readPercent) {
            this.order = order;
            this.readPercent = readPercent;
        }

        boolean isMixed() {
            return this == RW || this == RANDRW;
        }
    }

    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "URI")
    private String uriText;

    @Option(
            names = "--rw",
            paramLabel = "WHAT",
            defaultValue = "randread",
            description = "read, write, randread, randwrite, rw or randrw (default: ${DEFAULT-VALUE})")
    private Pattern pattern;

    @Option(
            names = "--mix",
            paramLabel = "PERCENT",
            description = "percentage of reads for rw and randrw (default: 50)")
    private @Nullable Integer readPercent;

    @Option(
            names = "--bs",
            paramLabel = "SIZE",
            converter = Sizes.class,
            defaultValue = "4K",
            description = "block size: bytes per request (default: ${DEFAULT-VALUE})")
    private long blockBytes;

    @Option(
            names = "--depth",
            paramLabel = "N",
            defaultValue = "32",
            description = "requests in flight on a connection (default: ${DEFAULT-VALUE})")
    private int depth;

    @Option(
            names = "--connections",
            paramLabel = "N",
            defaultValue = "1",
            description =
                    "number of connections (default: ${DEFAULT-VALUE}); with read, write and rw each connection gets a part of the range")
    private int connections;

    @Option(
            names = "--duration",
            paramLabel = "SECONDS",
            defaultValue = "10",
            description = "how long to measure (default: ${DEFAULT-VALUE})")
    private double durationSeconds;

    @Option(
            names = "--warm-up",
            paramLabel = "SECONDS",
            defaultValue = "2",
            description = "how long to run before measuring (default: ${DEFAULT-VALUE})")
    private double warmUpSeconds;

    @Option(
            names = "--offset",
            paramLabel = "BYTES",
            converter = Offsets.class,
            description = "where the range begins (default: 0)")
    private long offsetBytes;

    @Option(
            names = "--size",
            paramLabel = "SIZE",
            converter = Sizes.class,
            description = "length of the range (default: up to the end)")
    private long sizeBytes;

    @Option(names = "--fua", description = "every write carries FUA: it is durable when it is answered")
    private boolean fua;

    @Option(
            names = "--flush-every",
            paramLabel = "N",
            description = "send a FLUSH after every N writes of a connection")
    private int flushEvery;

    @Option(
            names = "--verify",
            description = "compare reads with what was written, and read everything again at the end")
    private boolean verify;

    @Option(names = "--overwrite", description = "allow overwriting the export's data")
    private boolean overwrite;

    @Option(
            names = "--replies",
            paramLabel = "simple|structured|extended",
            defaultValue = "structured",
            description = "newest reply format to negotiate (default: ${DEFAULT-VALUE})")
    private HeaderStyle replies;

    @Option(names = "--seed", paramLabel = "N", description = "random seed (default: random; printed)")
    private @Nullable Long seed;

    @Override
    public Integer call() throws InterruptedException {
        LoadPlan plan = plan();
        NbdUri uri = uri();
        int threads = Math.min(connections, Runtime.getRuntime().availableProcessors());
        IoEngine engine = IoEngine.EPOLL.whyNot() == null ? IoEngine.EPOLL : IoEngine.NIO;
        NbdClientOptions options = NbdClientOptions.DEFAULT
                .withBestStyle(replies)
                .withMetaContexts()
                .withInFlight(depth, Math.max(1, depth * blockBytes), depth);
        LoadRun.Result result;
        try (IoLoops loops = new IoLoops(engine, threads);
                Progress progress = new Progress(plan.time());
                LoadRun run = new LoadRun(plan, progress)) {
            ExportInfo export = run.connect(new NbdConnector(loops, uri, options));
            String flaw = plan.flawFor(export);
            if (flaw != null) {
                throw new CommandFailure(ExitCode.USAGE, uri + ": " + flaw + "; nothing was sent");
            }
            result = run.run();
        } catch (NbdException e) {
            throw new CommandFailure(ExitCode.FAILED, e.getMessage());
        } catch (TimeoutException e) {
            throw new CommandFailure(ExitCode.FAILED, uri + ": " + e.getMessage());
        }
        return new BenchReport(uri, pattern.toString().toLowerCase(Locale.ROOT), plan).answer(common, result);
    }

    private NbdUri uri() {
        try {
            return NbdUri.parse(uriText);
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCode.USAGE, String.valueOf(e.getMessage()));
        }
    }

    private LoadPlan plan() {
        int reads = readPercent != null && pattern.isMixed() ? readPercent : pattern.readPercent;
        check(readPercent == null || pattern.isMixed(), "--mix is for --rw rw and randrw");
        check(reads >= 0 && reads <= 100, "--mix=" + reads + " is not 0 to 100");
        check(depth >= 1 && depth <= MOST_REQUESTS, "--depth=" + depth + " is not 1 to " + MOST_REQUESTS);
        check(connections >= 1 && connections <= MOST_REQUESTS, "--connections=" + connections + " is not 1 or more");
        check(
                durationSeconds > 0 && durationSeconds <= MOST_SECONDS,
                "--duration=" + durationSeconds + " is not a time: more than 0, at most 86400 seconds");
        check(
                warmUpSeconds >= 0 && warmUpSeconds <= MOST_SECONDS,
                "--warm-up=" + warmUpSeconds + " is not a time: 0 to 86400 seconds");
        check(flushEvery >= 0, "--flush-every=" + flushEvery + " is less than 0");
        check(blockBytes <= NbdClientOptions.DEFAULT.maxPayloadBytes(), "--bs=" + blockBytes + " is too large");
        check(reads < 100 || !(fua || flushEvery > 0 || verify), "--fua, --flush-every and --verify are for writes");
        check(
                reads == 100 || overwrite,
                "--rw " + pattern.toString().toLowerCase(Locale.ROOT)
                        + " overwrites the export's data; nothing was sent; add --overwrite to allow it");
        return new LoadPlan(
                pattern.order,
                reads,
                (int) blockBytes,
                depth,
                connections,
                new LoadPlan.Range(offsetBytes, sizeBytes),
                new LoadPlan.Time((int) (warmUpSeconds * MS_PER_S), Math.max(1, (int) (durationSeconds * MS_PER_S))),
                new LoadPlan.Durability(fua, flushEvery),
                verify,
                seed == null ? System.nanoTime() : seed);
    }

    private static void check(boolean good, String flaw) {
        if (!good) {
            throw new CommandFailure(ExitCode.USAGE, flaw);
        }
    }

    /** Shows the elapsed time and the request rate, if standard error is a terminal. */
    private static final class Progress implements LoadRun.Watcher, AutoCloseable {
        private final @Nullable ProgressBar bar;
        private long lastMs;
        private long lastAnswered;

        Progress(LoadPlan.Time time) {
            bar = Terminal.isError()
                    ? new ProgressBarBuilder()
                            .setTaskName("bench")
                            .setInitialMax((time.warmUpMs() + time.runMs()) / MS_PER_S)
                            .setUnit(" s", 1)
                            .setStyle(ProgressBarStyle.ASCII)
                            .build()
                    : null;
        }

        @Override
        public void progress(long elapsedMs, long answered) {
            if (bar != null && elapsedMs - lastMs >= MS_PER_S) {
                bar.stepTo(elapsedMs / MS_PER_S);
                bar.setExtraMessage((answered - lastAnswered) * MS_PER_S / (elapsedMs - lastMs) + " requests/s");
                lastMs = elapsedMs;
                lastAnswered = answered;
            }
        }

        @Override
        public void close() {
            if (bar != null) {
                bar.close();
            }
        }
    }
}
