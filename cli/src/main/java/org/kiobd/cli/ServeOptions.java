package org.kiobd.cli;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.NbdLimits;
import org.kiobd.store.CacheMode;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.queue.MergeLimits;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options of a server, shared by {@code serve} and {@code up}. */
final class ServeOptions {
    static final String DEFAULT_HOST = "127.0.0.1";
    static final int DEFAULT_PORT = 10_809;

    private static final long MIB = 1L << 20;
    private static final long MIN_MEMORY_BYTES = 160 * MIB;
    private static final long MAX_DEFAULT_MEMORY_BYTES = 512 * MIB;
    private static final int MEMORY_PART = 8;
    private static final int MAX_SPIN_MICROS = 1000;
    private static final int MAX_PLUG_DELAY_MICROS = 10_000;
    private static final Pattern DELAYED_PLUG = Pattern.compile("plug\\+(\\d{1,6})(?:us)?");
    private static final int MAX_DEFAULT_THREADS = 4;

    @Option(
            names = "--listen",
            paramLabel = "HOST:PORT",
            description = {
                "serve on this TCP address; port 0 takes a free one; repeatable (default: 127.0.0.1:10809);",
                "0.0.0.0: all IPv4 addresses; [::]: all IPv6 and IPv4 addresses; a host name: all its addresses"
            })
    List<String> listen = new ArrayList<>();

    @Option(names = "--unix", paramLabel = "PATH", description = "serve on this unix socket; repeatable")
    List<Path> unix = new ArrayList<>();

    @Option(
            names = "--engine",
            paramLabel = "NAME",
            description = "auto, io_uring, epoll or nio (default: auto, the best this machine supports)")
    private String engine = "auto";

    @Option(names = "--threads", paramLabel = "N", description = "event loops (default: one per core, at most 4)")
    private int threads = Math.min(MAX_DEFAULT_THREADS, Runtime.getRuntime().availableProcessors());

    @Option(
            names = "--spin",
            paramLabel = "MICROSECONDS",
            defaultValue = "50",
            description = "maximum time that an event loop polls for requests before it sleeps;"
                    + " 0: never (default: ${DEFAULT-VALUE})")
    private int spinMicros;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            converter = Sizes.class,
            description = {
                "memory for requests, at least 160M (default: an eighth of the machine's memory, 160M to 512M);",
                "rocksdb members share a cache of three eighths of this size in addition"
            })
    private @Nullable Long memoryBytes;

    @Mixin
    ConnectionOptions connections;

    @Option(
            names = "--merge",
            paramLabel = "off|plug|plug+MICROSECONDS",
            description =
                    "merge adjacent requests: never (off), if they arrive together (plug), or within MICROSECONDS (default: plug)")
    private String merge = "plug";

    @Option(
            names = "--cache",
            paramLabel = "writeback|none|unsafe",
            description = {
                "writeback: file members use the page cache; none: they bypass it (O_DIRECT);",
                "unsafe: FLUSH and FUA do nothing, so a crash of the machine loses data (default: writeback)"
            })
    private String cache = "writeback";

    @Mixin
    TlsOptions tls;

    @Mixin
    LogOptions log;

    @Mixin
    RunOptions runOptions;

    /** A TCP address. */
    record Address(String host, int port) {}

    List<Address> addresses() {
        boolean hasAddresses = !listen.isEmpty() || !unix.isEmpty();
        runOptions.check(hasAddresses);
        if (!hasAddresses && !runOptions.inheritsSockets() && runOptions.run == null) {
            return List.of(new Address(DEFAULT_HOST, DEFAULT_PORT));
        }
        return listen.stream().map(ServeOptions::parse).toList();
    }

    private static Address parse(String text) {
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? text : text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        String portText = colon < 0 ? "" : text.substring(colon + 1);
        if (host.isEmpty() || !portText.matches("\\d{1,5}") || Integer.parseInt(portText) > 65_535) {
            throw new CommandFailure(
                    ExitCode.USAGE, "--listen=" + text + " is not HOST:PORT, e.g. 127.0.0.1:10809 or [::1]:10809");
        }
        return new Address(host, Integer.parseInt(portText));
    }

    IoEngine engine() {
        String wanted = engine.toLowerCase(Locale.ROOT);
        if ("auto".equals(wanted)) {
            // The channels of io_uring cannot use an inherited socket.
            return runOptions.inheritsSockets() ? IoEngine.EPOLL : IoEngine.best();
        }
        for (IoEngine candidate : IoEngine.values()) {
            if (candidate.toString().equals(wanted)) {
                String whyNot = candidate.whyNot();
                if (whyNot != null) {
                    throw new CommandFailure(
                            ExitCode.FAILED,
                            "--engine=" + engine + " cannot run here: " + whyNot
                                    + "; without the option the best engine is used");
                }
                return candidate;
            }
        }
        throw new CommandFailure(ExitCode.USAGE, "--engine=" + engine + " is not known: auto, io_uring, epoll or nio");
    }

    /** Returns the reason for the choice of engine, for the start-up line. */
    String engineReason(IoEngine running) {
        if (!"auto".equalsIgnoreCase(engine)) {
            return "set by --engine";
        }
        if (runOptions.inheritsSockets()) {
            return "io_uring cannot use inherited sockets";
        }
        return running == IoEngine.IO_URING
                ? "the best on this machine"
                : "io_uring cannot be used: " + IoEngine.IO_URING.whyNot();
    }

    CacheMode cacheMode() {
        for (CacheMode mode : CacheMode.values()) {
            if (mode.toString().equals(cache.toLowerCase(Locale.ROOT))) {
                return mode;
            }
        }
        throw new CommandFailure(
                ExitCode.USAGE, "--cache=" + cache + " is not known: writeback (the default), none or unsafe");
    }

    long spinNanos() {
        if (spinMicros < 0 || spinMicros > MAX_SPIN_MICROS) {
            throw new CommandFailure(
                    ExitCode.USAGE, "--spin=" + spinMicros + " is not between 0 and " + MAX_SPIN_MICROS);
        }
        return TimeUnit.MICROSECONDS.toNanos(spinMicros);
    }

    int threads() {
        if (threads < 1 || threads > 256) {
            throw new CommandFailure(ExitCode.USAGE, "--threads=" + threads + " is not between 1 and 256");
        }
        return threads;
    }

    long memoryBytes() {
        if (memoryBytes == null) {
            return Math.max(MIN_MEMORY_BYTES, Math.min(MAX_DEFAULT_MEMORY_BYTES, machineBytes() / MEMORY_PART));
        }
        if (memoryBytes < MIN_MEMORY_BYTES) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "--memory=" + Sizes.format(memoryBytes)
                            + " is less than 160M, which two of the largest requests need");
        }
        return memoryBytes;
    }

    /** Returns the limits of the server; {@code --memory} must be enough for them. */
    NbdLimits limits() {
        return connections.limits(memoryBytes());
    }

    /** Returns the memory of the machine, or of this container. */
    private static long machineBytes() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
                ? system.getTotalMemorySize()
                : Runtime.getRuntime().maxMemory();
    }

    MergeLimits mergeLimits() {
        return switch (merge) {
            case "plug" -> MergeLimits.DEFAULT;
            case "off" -> MergeLimits.DEFAULT.withoutMerging();
            default -> MergeLimits.DEFAULT.withPlugDelay(TimeUnit.MICROSECONDS.toNanos(plugDelayMicros()));
        };
    }

    private int plugDelayMicros() {
        Matcher delayed = DELAYED_PLUG.matcher(merge);
        int micros = delayed.matches() ? Integer.parseInt(delayed.group(1)) : 0;
        if (micros < 1 || micros > MAX_PLUG_DELAY_MICROS) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "--merge=" + merge + " is not off, plug or plug+MICROSECONDS, e.g. plug+50; at most plug+"
                            + MAX_PLUG_DELAY_MICROS);
        }
        return micros;
    }
}
