package org.kiobd.manage;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.kiobd.manage.catalog.AtomicFiles;
import org.kiobd.raid.Finding;
import org.kiobd.store.file.SystemErrors;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/** How far a scrub has come and what it has found, beside the volume's manifest while it runs. Used by one thread. */
final class ScrubNote {
    private static final long EVERY_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final Path file;
    private long savedNanos = System.nanoTime();

    /** @param folder of the volume */
    ScrubNote(Path folder) {
        this.file = folder.resolve("scrub.json");
    }

    /**
     * Reads what an interrupted scrub left.
     *
     * @param findings what it had found is added
     * @return where it goes on; 0 if none was interrupted
     */
    long load(List<Finding> findings) throws BlockIoException {
        try {
            Map<String, Object> json = JSON.std.mapFrom(Files.readString(file));
            if (json.get("findings") instanceof List<?> list) {
                for (Object each : list) {
                    if (each instanceof Map<?, ?> found && found.get("member") instanceof Number member) {
                        String severity = String.valueOf(found.get("severity")).toUpperCase(Locale.ROOT);
                        findings.add(new Finding(
                                Finding.Severity.valueOf(severity),
                                member.intValue(),
                                String.valueOf(found.get("text"))));
                    }
                }
            }
            return json.get("offsetBytes") instanceof Number offset ? offset.longValue() : 0;
        } catch (NoSuchFileException e) {
            return 0;
        } catch (IOException | IllegalArgumentException e) {
            throw new BlockIoException(
                    IoError.IO, file + " is damaged (" + e.getMessage() + "); scrub without --resume", e);
        }
    }

    /** Notes it, if that was not just done. */
    void save(long offsetBytes, List<Finding> findings) throws BlockIoException {
        long nowNanos = System.nanoTime();
        if (nowNanos - savedNanos < EVERY_NANOS) {
            return;
        }
        savedNanos = nowNanos;
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("offsetBytes", offsetBytes);
        json.put(
                "findings",
                findings.stream()
                        .filter(found -> found.severity().compareTo(Finding.Severity.UNKNOWN) >= 0)
                        .map(ScrubNote::json)
                        .toList());
        try {
            AtomicFiles.write(file, JSON.std.asString(json));
        } catch (IOException e) {
            BlockIoException failure = SystemErrors.failure(file + " cannot be written", e);
            // Where nothing can be noted, there is nothing to resume; that is no reason not to read.
            if (failure.error() != IoError.NOT_PERMITTED) {
                throw failure;
            }
        }
    }

    private static Map<String, Object> json(Finding finding) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("severity", finding.severity().toString().toLowerCase(Locale.ROOT));
        json.put("member", finding.member());
        json.put("text", finding.text());
        return json;
    }

    /** It came to the end. */
    void remove() throws BlockIoException {
        try {
            // A read-only file system refuses to remove even what is not there.
            if (Files.exists(file)) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            BlockIoException failure = SystemErrors.failure(file + " cannot be removed", e);
            if (failure.error() != IoError.NOT_PERMITTED) {
                throw failure;
            }
        }
    }
}
