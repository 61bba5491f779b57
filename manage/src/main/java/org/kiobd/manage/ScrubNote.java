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

/** A file beside the volume's manifest that stores the progress and the findings of a scrub while it runs. Used by one thread. */
final class ScrubNote {
    private static final long EVERY_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final Path file;
    private long savedNanos = System.nanoTime();

    /** @param folder folder of the volume */
    ScrubNote(Path folder) {
        this.file = folder.resolve("scrub.json");
    }

    /**
     * Reads the note of an interrupted scrub.
     *
     * @param findings receives the findings in the note
     * @return offset to continue from; 0 if no scrub was interrupted
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

    /** Saves the note, at most once in {@link #EVERY_NANOS}. */
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
            // Without write permission the scrub cannot be resumed, but it can go on.
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

    /** Removes the note: the scrub has finished. */
    void remove() throws BlockIoException {
        try {
            // On a read-only file system, deleting fails even if the file does not exist.
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
