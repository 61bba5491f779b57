package org.kiobd.attach;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files that say which devices the supervisor keeps connected, one JSON file {@code nbdN.json} a device; beside it {@code nbdN.env}, the name
 * for udev's rule. They lie on a file system that is empty after a boot, as are the devices. A file is replaced as a whole. Thread-safe; calls
 * block.
 */
public final class AttachmentFiles {
    private static final Logger LOG = LoggerFactory.getLogger(AttachmentFiles.class);

    /** Where the program keeps them. */
    public static final Path DEFAULT = Path.of("/run/kiobd/attachments");

    private static final String SUFFIX = ".json";
    private static final String FOR_UDEV = ".env";
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._@-]{0,127}");
    private static final String OWNER_ONLY = "rwx------";

    private final Path folder;

    /** @param folder is made, with its parents, when the first file is written */
    public AttachmentFiles(Path folder) {
        this.folder = folder;
    }

    Path folder() {
        return folder;
    }

    private Path file(KernelDevice device, String suffix) {
        return folder.resolve(device.path().getFileName() + suffix);
    }

    /** Writes the file of an attachment. */
    public void save(Attachment attachment) throws IOException {
        Files.createDirectories(
                folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(OWNER_ONLY)));
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("device", attachment.device().index());
        json.put("name", attachment.name());
        json.put("identity", attachment.identity().text());
        json.put("uris", attachment.uris());
        json.put("connections", attachment.connections());
        json.put("timeoutS", attachment.timeoutS());
        json.put("deadTimeoutS", attachment.deadTimeoutS());
        json.put("readOnly", attachment.readOnly());
        // A server chooses the name; one with other characters gets no links.
        String name = NAME.matcher(attachment.name()).matches() ? attachment.name() : "";
        WholeFile.write(file(attachment.device(), FOR_UDEV), "KIOBD_NAME=" + name + "\n");
        WholeFile.write(file(attachment.device(), SUFFIX), JSON.std.asString(json) + "\n");
    }

    /** Removes the file of a device, if there is one. */
    public void remove(KernelDevice device) throws IOException {
        Files.deleteIfExists(file(device, SUFFIX));
        Files.deleteIfExists(file(device, FOR_UDEV));
    }

    /** Returns the attachment of a device; null if there is none. */
    public @Nullable Attachment of(KernelDevice device) throws IOException {
        try {
            return parse(Files.readString(file(device, SUFFIX)));
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    /** Returns all attachments, by device. A file that is none is left out, and logged. */
    public List<Attachment> all() throws IOException {
        List<Attachment> all = new ArrayList<>();
        if (Files.notExists(folder)) {
            return all;
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.sorted().toList()) {
                if (String.valueOf(file.getFileName()).matches("nbd[0-9]+\\.json")) {
                    try {
                        all.add(parse(Files.readString(file)));
                    } catch (NoSuchFileException e) {
                        LOG.debug("{} was removed meanwhile", file);
                    } catch (IOException | RuntimeException e) {
                        LOG.warn("{} is no attachment, and is left alone: {}", file, e.getMessage());
                    }
                }
            }
        }
        return all;
    }

    private static Attachment parse(String text) throws IOException {
        Map<String, Object> json = JSON.std.mapFrom(text);
        List<String> uris = new ArrayList<>();
        for (Object uri : (List<?>) value(json, "uris")) {
            uris.add((String) uri);
        }
        return new Attachment(
                new KernelDevice(number(json, "device").intValue()),
                (String) value(json, "name"),
                new Identity((String) value(json, "identity")),
                uris,
                number(json, "connections").intValue(),
                number(json, "timeoutS").longValue(),
                number(json, "deadTimeoutS").longValue(),
                (Boolean) value(json, "readOnly"));
    }

    private static Number number(Map<String, Object> json, String name) throws IOException {
        return (Number) value(json, name);
    }

    private static Object value(Map<String, Object> json, String name) throws IOException {
        Object value = json.get(name);
        if (value == null) {
            throw new IOException("it has no " + name);
        }
        return value;
    }
}
