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

/** {@code kiobd scrub}: reads everything that is stored, to find damage before somebody needs what is damaged. */
@Command(
        name = "scrub",
        description = {
            "Read and verify everything a volume or a snapshot stores. Exit code 3 if damage is found.",
            "Of a volume that is served, a snapshot is read, where its members can make one."
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
            description = "read no more than this a second (default: as fast as it goes)")
    private long bytesPerSecond;

    @Option(names = "--resume", description = "go on where a scrub of this volume was interrupted")
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
