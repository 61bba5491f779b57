package org.kiobd.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.kiobd.volume.format.VolumeManifest;
import org.kiobd.volume.store.MemberUri;

/** Where members go if nobody says. Stateless. */
final class Places {
    private Places() {}

    /** Member {@code index} of volume {@code name}, whose folder is {@code folder}. */
    static MemberUri standard(String scheme, Path folder, String name, int index) {
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
     * file system, which nothing can be shared with.
     *
     * @param name of the copy
     */
    static List<MemberUri> copies(VolumeManifest original, Path folder, String name) {
        List<MemberUri> copies = new ArrayList<>();
        for (int i = 0; i < original.members().size(); i++) {
            MemberUri uri = original.members().get(i);
            Path beside = Path.of(uri.location()).resolveSibling(name + "." + fileName(uri.scheme(), i));
            copies.add(
                    isSameFileSystem(folder, beside)
                            ? standard(uri.scheme(), folder, name, i)
                            : new MemberUri(uri.scheme(), beside.toString()));
        }
        return copies;
    }

    /** Members that take the place of those a volume has: each beside its predecessor, {@code ~1} behind its name, then {@code ~2}. */
    static List<MemberUri> successors(VolumeManifest manifest) {
        return manifest.members().stream()
                .map(uri -> new MemberUri(uri.scheme(), successor(uri.location())))
                .toList();
    }

    private static String successor(String location) {
        int tilde = location.lastIndexOf('~');
        if (tilde > location.lastIndexOf('/') && location.substring(tilde + 1).matches("[0-9]{1,9}")) {
            return location.substring(0, tilde + 1) + (Integer.parseInt(location.substring(tilde + 1)) + 1);
        }
        return location + "~1";
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
