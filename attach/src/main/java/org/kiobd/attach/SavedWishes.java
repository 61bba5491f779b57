package org.kiobd.attach;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.kiobd.attach.netlink.NbdDriver;

/**
 * What {@code kiobd attach --persist} was told, for {@code --saved} after a boot: a JSON file {@code NAME.json} for each volume, in a folder that
 * outlives a boot. A file is replaced as a whole. Thread-safe; calls block.
 */
public final class SavedWishes {
    /** Where the program keeps them. */
    public static final Path DEFAULT = Path.of("/etc/kiobd/attachments");

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._@-]{0,127}");
    private static final String SUFFIX = ".json";

    private final Path folder;

    /** @param folder is made, with its parents, when the first file is written */
    public SavedWishes(Path folder) {
        this.folder = folder;
    }

    private Path file(String name) throws AttachException {
        if (!NAME.matcher(name).matches()) {
            throw new AttachException("name=" + name + " cannot be saved: letters, digits, . _ - @ only", null);
        }
        return folder.resolve(name + SUFFIX);
    }

    /** Saves a wish under a name, in place of an earlier one of that name. */
    public void save(String name, Attachment.Wish wish) throws IOException {
        Path file = file(name);
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("uris", wish.uris());
        if (wish.index() != NbdDriver.ANY_INDEX) {
            json.put("device", wish.index());
        }
        json.put("connections", wish.connections());
        json.put("timeoutS", wish.timeoutS());
        json.put("deadTimeoutS", wish.deadTimeoutS());
        json.put("readOnly", wish.readOnly());
        Files.createDirectories(folder);
        WholeFile.write(file, JSON.std.asString(json) + "\n");
    }

    /**
     * Returns what is saved under a name.
     *
     * @param waitMs how long to wait for a server
     * @throws AttachException if there is nothing
     */
    public Attachment.Wish load(String name, long waitMs) throws IOException {
        Path file = file(name);
        try {
            Map<String, Object> json = JSON.std.mapFrom(Files.readString(file));
            List<String> uris = new ArrayList<>();
            for (Object uri : (List<?>) value(json, "uris", List.of())) {
                uris.add(String.valueOf(uri));
            }
            return new Attachment.Wish(
                    uris,
                    number(json, "device", NbdDriver.ANY_INDEX).intValue(),
                    number(json, "connections", 1).intValue(),
                    number(json, "timeoutS", 0).longValue(),
                    number(json, "deadTimeoutS", 1).longValue(),
                    Boolean.TRUE.equals(json.get("readOnly")),
                    waitMs);
        } catch (NoSuchFileException e) {
            throw new AttachException(
                    "nothing is saved as " + name + "; nothing was attached: kiobd attach --persist saves", e);
        } catch (IOException | IllegalArgumentException | ClassCastException e) {
            throw new AttachException(file + " is no saved attachment; nothing was attached", e);
        }
    }

    private static Number number(Map<String, Object> json, String name, Number otherwise) {
        return (Number) value(json, name, otherwise);
    }

    private static Object value(Map<String, Object> json, String name, Object otherwise) {
        Object value = json.get(name);
        return value == null ? otherwise : value;
    }

    /** Removes what is saved under a name; returns whether there was anything. */
    public boolean remove(String name) throws IOException {
        return Files.deleteIfExists(file(name));
    }

    /** Returns the names under which something is saved. */
    public List<String> names() throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> name.endsWith(SUFFIX) && !name.startsWith("."))
                    .map(name -> name.substring(0, name.length() - SUFFIX.length()))
                    .sorted()
                    .toList();
        }
    }
}
