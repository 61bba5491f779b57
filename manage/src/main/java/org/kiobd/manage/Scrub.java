package org.kiobd.manage;

import java.util.ArrayList;
import java.util.List;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.catalog.VolumeLock;
import org.kiobd.manage.catalog.VolumeNames;
import org.kiobd.manage.image.DeviceAccess;
import org.kiobd.manage.image.DeviceScrub;
import org.kiobd.raid.Finding;
import org.kiobd.raid.Volume;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.IoError;
import org.kiobd.volume.MemberRun;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoops;

/** Reads all data that a volume or a snapshot stores, to find damage before somebody needs the data. Used once, by one thread. */
public final class Scrub {
    private final Volumes volumes;
    private final String name;
    private final Options options;
    private final Progress progress;
    private final List<Finding> findings = new ArrayList<>();

    /**
     * Options of a scrub.
     *
     * @param bytesPerSecond maximum rate; 0 for no limit
     * @param resume whether to continue an interrupted scrub of the volume
     */
    public record Options(long bytesPerSecond, boolean resume) {}

    /** Prepares a scrub of volume or snapshot {@code name}. */
    public Scrub(Volumes volumes, String name, Options options, Progress progress) {
        this.volumes = volumes;
        this.name = name;
        this.options = options;
        this.progress = progress;
    }

    /** Reads all data, unless the check of the superblocks fails. */
    public CheckReport run() throws BlockIoException {
        VolumeCatalog catalog = volumes.catalog();
        VolumeManifest manifest = catalog.load(name);
        catalog.requireFinished(name);
        long readBytes = 0;
        if (checkMembers(catalog, manifest)) {
            readBytes = read(catalog);
            addWhatCannotBeVerified(manifest);
        }
        return new CheckReport(manifest.members().size(), readBytes, findings);
    }

    /**
     * Checks the superblocks, as opening the volume does.
     *
     * @return whether the data can be read after that
     */
    private boolean checkMembers(VolumeCatalog catalog, VolumeManifest manifest) throws BlockIoException {
        if (catalog.server(name) != null) {
            if (!VolumeNames.isSnapshot(name)) {
                findings.add(new Finding(Finding.Severity.NOTE, -1, "is served: its superblocks were not read"));
            }
            return true;
        }
        List<Finding> found;
        try (VolumeLock lock = catalog.lockForReading(name)) {
            found = volumes.assembler().check(manifest);
        }
        findings.addAll(found);
        CheckReport report = new CheckReport(manifest.members().size(), 0, found);
        return !report.isDamaged() && report.isComplete();
    }

    private long read(VolumeCatalog catalog) throws BlockIoException {
        ScrubNote note = new ScrubNote(catalog.folder(name));
        long offsetBytes = options.resume() ? note.load(findings) : 0;
        try (IoLoops loops = new IoLoops(IoEngine.best(), 1);
                VolumeSource source = volumes.read(name)) {
            Volume device = source.volume();
            try (Progress.Stage stage = progress.begin("scrubbed", device.sizeBytes())) {
                stage.accept(offsetBytes);
                DeviceAccess access = new DeviceAccess(device, loops.next());
                DeviceScrub.Listener listener = new DeviceScrub.Listener() {
                    @Override
                    public void done(long endBytes, long bytes) throws BlockIoException {
                        stage.accept(bytes);
                        note.save(endBytes, findings);
                    }

                    @Override
                    public void bad(ByteRange range, IoError error) {
                        addFindings(device, range, error);
                    }
                };
                long readBytes = new DeviceScrub(access, options.bytesPerSecond(), listener)
                        .run(Math.min(offsetBytes, device.sizeBytes()));
                note.remove();
                return readBytes;
            }
        }
    }

    /** Adds a finding for each part of the range that is on one member, chunk by chunk. */
    private void addFindings(Volume device, ByteRange range, IoError error) {
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

    private void addWhatCannotBeVerified(VolumeManifest manifest) {
        for (int i = 0; i < manifest.members().size(); i++) {
            MemberUri uri = manifest.members().get(i);
            if (!uri.scheme().equals("rocksdb")) {
                findings.add(new Finding(
                        Finding.Severity.NOTE,
                        i,
                        uri + ": a " + uri.scheme()
                                + ": member has no checksums; the scrub only verified that all of it can be read"));
            }
        }
    }
}
