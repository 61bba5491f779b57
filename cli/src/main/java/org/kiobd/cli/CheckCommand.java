package org.kiobd.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.catalog.VolumeLock;
import org.kiobd.raid.Finding;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code kiobd check}: looks at every member of a volume and changes nothing. */
@Command(
        name = "check",
        description =
                "Look at every member of a volume that is not served; change nothing. Exit code 3 if damage is found, 1 if it"
                        + " could not be looked for.",
        sortOptions = false)
final class CheckCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "NAME")
    private String name;

    @Override
    public Integer call() throws BlockIoException {
        VolumeCatalog catalog = common.catalog();
        try (VolumeLock lock = catalog.lockForReading(name)) {
            catalog.requireFinished(name);
            List<Finding> findings = new ArrayList<>();
            VolumeManifest manifest = load(catalog, findings);
            if (manifest != null) {
                findings.addAll(common.assembler().check(manifest));
            }
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("volume", name);
            json.put("damaged", has(findings, Finding.Severity.DAMAGE));
            json.put("complete", !has(findings, Finding.Severity.UNKNOWN));
            json.put("findings", findings.stream().map(Answers::json).toList());
            common.answer(text(manifest == null ? 0 : manifest.members().size(), findings), json);
            return exitCode(findings);
        }
    }

    private @Nullable VolumeManifest load(VolumeCatalog catalog, List<Finding> findings) throws BlockIoException {
        try {
            return catalog.load(name);
        } catch (BlockIoException e) {
            if (e.error() == IoError.INVALID) {
                throw e;
            }
            findings.add(new Finding(Finding.severityOf(e), -1, e.getMessage()));
            return null;
        }
    }

    private static boolean has(List<Finding> findings, Finding.Severity severity) {
        return findings.stream().anyMatch(found -> found.severity() == severity);
    }

    /** Damage is said of damage only; what could not be looked at is a failure of the command. */
    static int exitCode(List<Finding> findings) {
        if (has(findings, Finding.Severity.DAMAGE)) {
            return ExitCode.DAMAGE;
        }
        return has(findings, Finding.Severity.UNKNOWN) ? ExitCode.FAILED : ExitCode.OK;
    }

    private String text(int members, List<Finding> findings) {
        if (findings.isEmpty()) {
            return name + ": all " + members + " members are well";
        }
        List<String> lines = new ArrayList<>();
        for (Finding finding : findings) {
            lines.add(Answers.line(finding));
        }
        return String.join("\n", lines);
    }
}
