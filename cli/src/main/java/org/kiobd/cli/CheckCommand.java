package org.kiobd.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.kiobd.manage.CheckReport;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code kiobd check}: checks every member of a volume and changes nothing. */
@Command(
        name = "check",
        description =
                "Check the superblocks of a volume that is not served; change nothing. Exit code 3 if damage is found, 1 if the"
                        + " check is incomplete.",
        sortOptions = false)
final class CheckCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "NAME")
    private String name;

    @Override
    public Integer call() throws BlockIoException {
        CheckReport report = common.volumes().check(name);
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("volume", name);
        json.put("damaged", report.isDamaged());
        json.put("complete", report.isComplete());
        json.put("findings", report.findings().stream().map(Answers::json).toList());
        common.answer(text(report), json);
        return exitCode(report);
    }

    /** Returns {@code DAMAGE} if there is damage, else {@code FAILED} if the check is incomplete, else {@code OK}. */
    static int exitCode(CheckReport report) {
        if (report.isDamaged()) {
            return ExitCode.DAMAGE;
        }
        return report.isComplete() ? ExitCode.OK : ExitCode.FAILED;
    }

    private String text(CheckReport report) {
        if (report.findings().isEmpty()) {
            return name + ": "
                    + (report.members() == 1
                            ? "its member is intact"
                            : "all " + report.members() + " members are intact");
        }
        return report.findings().stream().map(Answers::line).collect(Collectors.joining("\n"));
    }
}
