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

/** The default places of members. Stateless. */
public final class MemberPaths {
    /** Suffix that a rollback adds to a member's name: an id, or a number in earlier versions. */
    private static final Pattern SUCCESSOR =
            Pattern.compile("~([0-9]{1,9}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$");

    private MemberPaths() {}

    /** Returns the default place of member {@code index} of volume {@code name}, whose folder is {@code folder}. */
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
     * Returns the places for the members of a copy that shares space with the members of {@code original}. They are in {@code folder}. If a
     * member is on another file system, which cannot share space with that folder, its copy is beside it; the copy's file name contains
     * {@code changeId}, because other homes may use the same place.
     *
     * @param name name of the copy
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

    /**
     * Returns the places for the members that replace those of a volume: each beside its predecessor, with {@code ~} and {@code changeId}
     * after the name.
     */
    static List<MemberUri> successors(VolumeManifest manifest, UUID changeId) {
        return manifest.members().stream()
                .map(uri -> new MemberUri(uri.scheme(), original(uri.location()) + "~" + changeId))
                .toList();
    }

    /** Returns the name of a member before it was first rolled back. */
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
