package org.kiobd.manage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.VolumeManifest;

/** Where members go if nobody says. Stateless. */
public final class MemberPaths {
    /** What rollbacks added to a name; earlier versions counted them. */
    private static final Pattern SUCCESSOR =
            Pattern.compile("~([0-9]{1,9}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$");

    private MemberPaths() {}

    /** Member {@code index} of volume {@code name}, whose folder is {@code folder}. */
    public static MemberUri standard(String scheme, Path folder, String name, int index) {
        return new MemberUri(
                scheme,
                scheme.equals("memory")
                        ? name + "-" + index
                        : folder.resolve(fileName(scheme, index)).toString());
    }

    private static String fileName(String scheme, int index) {
        return "member-" + index + (scheme.equals("rocksdb") ? ".rocksdb" : ".img");
    }

    /**
     * The members of a copy that shares what those of {@code original} hold: in {@code folder}, or beside them where that is on another
     * file system, which nothing can be shared with; there their names contain {@code changeId}, for other homes may use that folder.
     *
     * @param name of the copy
     */
    static List<MemberUri> copies(VolumeManifest original, Path folder, String name, UUID changeId) {
        List<MemberUri> copies = new ArrayList<>();
        for (int i = 0; i < original.members().size(); i++) {
            MemberUri uri = original.members().get(i);
            Path beside =
                    Path.of(uri.location()).resolveSibling(name + "." + changeId + "." + fileName(uri.scheme(), i));
            copies.add(
                    isSameFileSystem(folder, beside)
                            ? standard(uri.scheme(), folder, name, i)
                            : new MemberUri(uri.scheme(), beside.toString()));
        }
        return copies;
    }

    /** Members that take the place of those a volume has: each beside its predecessor, {@code ~} and {@code changeId} after its name. */
    static List<MemberUri> successors(VolumeManifest manifest, UUID changeId) {
        return manifest.members().stream()
                .map(uri -> new MemberUri(uri.scheme(), original(uri.location()) + "~" + changeId))
                .toList();
    }

    /** The name that a member had before it was first rolled back. */
    private static String original(String location) {
        return SUCCESSOR.matcher(location).replaceFirst("");
    }

    private static boolean isSameFileSystem(Path folder, Path file) {
        try {
            return Files.getFileStore(existing(folder)).equals(Files.getFileStore(existing(file)));
        } catch (IOException e) {
            return true;
        }
    }

    private static Path existing(Path path) {
        Path found = path;
        while (!Files.exists(found) && found.getParent() != null) {
            found = found.getParent();
        }
        return found;
    }
}
