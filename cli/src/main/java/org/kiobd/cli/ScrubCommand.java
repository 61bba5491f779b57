package org.kiobd.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.kiobd.cli.image.DeviceAccess;
import org.kiobd.cli.image.DeviceScrub;
import org.kiobd.raid.Finding;
import org.kiobd.raid.Raid0Device;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.IoError;
import org.kiobd.volume.MemberRun;
import org.kiobd.volume.catalog.VolumeCatalog;
import org.kiobd.volume.catalog.VolumeLock;
import org.kiobd.volume.catalog.VolumeNames;
import org.kiobd.volume.format.VolumeManifest;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoops;
import org.kiobd.volume.store.MemberUri;
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

    private final List<Finding> findings = new ArrayList<>();

    @Override
    public Integer call() throws BlockIoException {
        VolumeCatalog catalog = common.catalog();
        VolumeManifest manifest = catalog.load(name);
        catalog.requireFinished(name);
        long startNanos = System.nanoTime();
        long readBytes = 0;
        if (checkMembers(catalog, manifest)) {
            readBytes = read(catalog);
            tellWhatCannotBeVerified(manifest);
        }
        int exitCode = CheckCommand.exitCode(findings);
        boolean damage = exitCode == ExitCode.DAMAGE;
        boolean complete = findings.stream().noneMatch(found -> found.severity() == Finding.Severity.UNKNOWN);
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("volume", name);
        json.put("damaged", damage);
        json.put("complete", complete);
        json.put("readBytes", readBytes);
        json.put("elapsedMs", TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos));
        json.put("findings", findings.stream().map(Answers::json).toList());
        List<String> lines = new ArrayList<>();
        lines.add("scrubbed " + name + ": " + Sizes.format(readBytes) + " of data read, "
                + (damage ? "damage was found" : complete ? "no damage" : "not all of it could be read"));
        findings.forEach(finding -> lines.add(Answers.line(finding)));
        common.answer(String.join("\n", lines), json);
        return exitCode;
    }

    /** Superblocks and what else an opening looks at; false if there is no reading behind that. */
    private boolean checkMembers(VolumeCatalog catalog, VolumeManifest manifest) throws BlockIoException {
        if (catalog.server(name) != null) {
            if (!VolumeNames.isSnapshot(name)) {
                findings.add(new Finding(
                        Finding.Severity.NOTE, -1, "is served: its server has the superblocks, they were not read"));
            }
            return true;
        }
        try (VolumeLock lock = catalog.lockForReading(name)) {
            findings.addAll(common.assembler().check(manifest));
        }
        return CheckCommand.exitCode(findings) == ExitCode.OK;
    }

    private long read(VolumeCatalog catalog) throws BlockIoException {
        ScrubNote note = new ScrubNote(catalog.folder(name));
        long offsetBytes = resume ? note.load(findings) : 0;
        try (IoLoops loops = new IoLoops(IoEngine.best(), 1);
                VolumeSource source = VolumeSource.open(common, name)) {
            Raid0Device device = source.device();
            try (CopyProgress progress = new CopyProgress("scrubbed", device.sizeBytes())) {
                progress.accept(offsetBytes);
                DeviceAccess access = new DeviceAccess(device, loops.next());
                long readBytes = new DeviceScrub(access, bytesPerSecond, new DeviceScrub.Listener() {
                            @Override
                            public void done(long endBytes, long bytes) throws BlockIoException {
                                progress.accept(bytes);
                                note.save(endBytes, findings);
                            }

                            @Override
                            public void bad(ByteRange range, IoError error) {
                                addFindings(device, range, error);
                            }
                        })
                        .run(Math.min(offsetBytes, device.sizeBytes()));
                note.remove();
                return readBytes;
            }
        }
    }

    /** One for each member the range lies on, chunk by chunk. */
    private void addFindings(Raid0Device device, ByteRange range, IoError error) {
        long endBytes = range.offsetBytes() + range.lengthBytes();
        long at = range.offsetBytes();
        while (at < endBytes) {
            MemberRun run = device.memberRun(at);
            long runEndBytes = Math.min(endBytes, at + run.lengthBytes());
            findings.add(new Finding(
                    error.isDamage() ? Finding.Severity.DAMAGE : Finding.Severity.UNKNOWN,
                    run.member(),
                    "bytes " + at + " to " + (runEndBytes - 1) + " of the volume cannot be read: " + error));
            at = runEndBytes;
        }
    }

    private void tellWhatCannotBeVerified(VolumeManifest manifest) {
        for (int i = 0; i < manifest.members().size(); i++) {
            MemberUri uri = manifest.members().get(i);
            if (!uri.scheme().equals("rocksdb")) {
                findings.add(new Finding(
                        Finding.Severity.NOTE,
                        i,
                        uri + ": a " + uri.scheme()
                                + ": member has no checksums; that all of it can be read is what was verified"));
            }
        }
    }
}
