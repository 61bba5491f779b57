package org.kiobd.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.kiobd.raid.Finding;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.catalog.VolumeCatalog;
import org.kiobd.volume.catalog.VolumeLock;
import org.kiobd.volume.format.VolumeManifest;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code kiobd check}: looks at every member of a volume and changes nothing. */
@Command(
        name = "check",
        description =
                "Look at every member of a volume that is not served; change nothing. Exit code 3 if damage is found.",
        sortOptions = false)
final class CheckCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "NAME")
    private String name;

    @Override
    public Integer call() throws BlockIoException {
        VolumeCatalog catalog = common.catalog();
        try (VolumeLock lock = catalog.lock(name)) {
            catalog.requireFinished(name);
            VolumeManifest manifest = catalog.load(name);
            List<Finding> findings = common.assembler().check(manifest);
            boolean damage = findings.stream().anyMatch(found -> found.severity() == Finding.Severity.DAMAGE);
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("volume", name);
            json.put("damaged", damage);
            json.put("findings", findings.stream().map(Answers::json).toList());
            common.answer(text(manifest, findings), json);
            return damage ? ExitCode.DAMAGE : ExitCode.OK;
        }
    }

    private String text(VolumeManifest manifest, List<Finding> findings) {
        if (findings.isEmpty()) {
            return name + ": all " + manifest.members().size() + " members are well";
        }
        List<String> lines = new ArrayList<>();
        for (Finding finding : findings) {
            lines.add(Answers.line(finding));
        }
        return String.join("\n", lines);
    }
}
