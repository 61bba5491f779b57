package org.kiobd.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.kiobd.manage.CheckReport;
import org.kiobd.manage.Scrub;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kiobd scrub}: reads all stored data, to find damage before somebody needs the data. */
@Command(
        name = "scrub",
        description = {
            "Read everything that a volume or a snapshot stores, and verify the checksums of rocksdb members. Exit code 3 if damage is found.",
            "While a volume is served, a temporary snapshot of it is read, if its members support snapshots."
        },
        sortOptions = false)
final class ScrubCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "NAME")
    private String name;

    @Option(
            names = "--rate",
            paramLabel = "SIZE",
            converter = Sizes.class,
            description = "read at most this much a second (default: no limit)")
    private long bytesPerSecond;

    @Option(names = "--resume", description = "continue a scrub of this volume that was interrupted")
    private boolean resume;

    @Override
    public Integer call() throws BlockIoException {
        long startNanos = System.nanoTime();
        CheckReport report =
                new Scrub(common.volumes(), name, new Scrub.Options(bytesPerSecond, resume), CopyProgress::new).run();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("volume", name);
        json.put("damaged", report.isDamaged());
        json.put("complete", report.isComplete());
        json.put("readBytes", report.readBytes());
        json.put("elapsedMs", TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos));
        json.put("findings", report.findings().stream().map(Answers::json).toList());
        String outcome = report.isDamaged()
                ? "damage was found"
                : report.isComplete() ? "no damage" : "not all of it could be read";
        List<String> lines = new ArrayList<>();
        lines.add("scrubbed " + name + ": " + Sizes.format(report.readBytes()) + " of data read, " + outcome);
        report.findings().forEach(finding -> lines.add(Answers.line(finding)));
        common.answer(String.join("\n", lines), json);
        return CheckCommand.exitCode(report);
    }
}
