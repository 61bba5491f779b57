package org.kiobd.it.vm;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.kiobd.it.kit.HostProgram;

/**
 * The modules a guest needs of one kernel, in an order in which each finds its dependencies loaded.
 *
 * <p>Dependencies are read from the modules themselves, as depmod does: the lists differ from kernel to kernel (6.12 has
 * virtio built in), and Debian's package carries no index before it is installed.
 */
final class KernelModules {
    private static final byte[] DEPENDS = "\0depends=".getBytes(StandardCharsets.US_ASCII);

    private final Map<String, Path> files;
    private final Set<String> builtin;
    private final Map<String, byte[]> ordered = new LinkedHashMap<>();

    private KernelModules(Map<String, Path> files, Set<String> builtin) {
        this.files = files;
        this.builtin = builtin;
    }

    /** Names and contents of {@code wanted} and all they depend on, ready to load in this order. */
    static Map<String, byte[]> load(GuestKernel kernel, Iterable<String> wanted) throws IOException {
        KernelModules modules = new KernelModules(index(kernel.modules()), builtin(kernel.modules()));
        for (String name : wanted) {
            modules.add(name);
        }
        return modules.ordered;
    }

    private void add(String name) throws IOException {
        if (ordered.containsKey(name) || builtin.contains(name)) {
            return;
        }
        Path file = files.get(name);
        if (file == null) {
            throw new IOException("module=%s is neither built in nor packaged".formatted(name));
        }
        byte[] content = read(file);
        for (String dependency : dependencies(content)) {
            add(dependency);
        }
        ordered.put(name, content);
    }

    private static Map<String, Path> index(Path directory) throws IOException {
        Map<String, Path> files = new HashMap<>();
        try (Stream<Path> paths = Files.walk(directory)) {
            paths.filter(path -> path.getFileName().toString().contains(".ko"))
                    .forEach(path -> files.put(moduleName(path.toString()), path));
        }
        return files;
    }

    private static Set<String> builtin(Path directory) throws IOException {
        return Files.readAllLines(directory.resolve("modules.builtin")).stream()
                .map(KernelModules::moduleName)
                .collect(Collectors.toSet());
    }

    private static String moduleName(String path) {
        String file = path.substring(path.lastIndexOf('/') + 1);
        return file.substring(0, file.indexOf(".ko")).replace('-', '_');
    }

    private static byte[] read(Path file) throws IOException {
        if (!file.toString().endsWith(".xz")) {
            return Files.readAllBytes(file);
        }
        Process xz = new ProcessBuilder(HostProgram.require("xz", "xz-utils").toString(), "-dc", file.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        try (InputStream unpacked = xz.getInputStream()) {
            unpacked.transferTo(content);
        }
        try {
            if (xz.waitFor() != 0) {
                throw new IOException("xz failed: exitCode=%d file=%s".formatted(xz.exitValue(), file));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while unpacking file=" + file, e);
        }
        return content.toByteArray();
    }

    private static String[] dependencies(byte[] module) throws IOException {
        for (int start = 0; start <= module.length - DEPENDS.length; start++) {
            if (matches(module, start)) {
                int from = start + DEPENDS.length;
                int to = from;
                while (module[to] != 0) {
                    to++;
                }
                String list = new String(module, from, to - from, StandardCharsets.US_ASCII);
                return list.isEmpty() ? new String[0] : list.replace('-', '_').split(",", -1);
            }
        }
        throw new IOException("a module states no dependencies: sizeBytes=" + module.length);
    }

    private static boolean matches(byte[] module, int start) {
        for (int i = 0; i < DEPENDS.length; i++) {
            if (module[start + i] != DEPENDS[i]) {
                return false;
            }
        }
        return true;
    }
}
