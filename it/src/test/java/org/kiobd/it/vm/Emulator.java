package org.kiobd.it.vm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.kiobd.it.kit.HostProgram;

/**
 * The command line of the emulated machine, and the initramfs it starts from.
 *
 * <p>Pure emulation (TCG) always: hosted machines seldom lend KVM, and a test that runs on one kind of host only is no
 * test. Nothing here needs root.
 */
final class Emulator {
    private static final String MEMORY_MIB = "384";

    /** Memory of a guest that runs kiobd itself. */
    private static final String PROGRAM_MEMORY_MIB = "1024";

    /** A script's variable: whether its guest has Java and kiobd, on disks of their own. */
    static final String PROGRAM_VARIABLE = "GUEST_PROGRAM";

    /** A script's variable: how many processors its guest has. */
    private static final String CPUS_VARIABLE = "GUEST_CPUS";

    // As many as a small host has: more emulated processors than real ones make every spinlock a lost time slice.
    private static final String DEFAULT_CPUS = "2";

    /** What every guest loads, with parameters; few nbd devices, because each costs time at start. */
    private static final Map<String, String> BOOT_MODULES = bootModules();

    /** What a script loads itself, with load_xfs: it takes half a second in emulation. */
    private static final List<String> LATER_MODULES = List.of("xfs");

    // Each of these buys time in emulation: no mitigations to emulate, no waits for hardware that is not there.
    private static final String KERNEL_ARGUMENTS = "console=ttyS0 quiet loglevel=5 panic=-1 oops=panic mitigations=off"
            + " tsc=reliable no_timer_check rcupdate.rcu_expedited=1 random.trust_cpu=on audit=0 nokaslr"
            + " cryptomgr.notests lsm=capability rdinit=/init";

    // cx16: QEMU before 9 returns from an interrupted CMPXCHG16B with broken flags, and 6.12 oopses at random places.
    // qemu64: what a newer processor adds, a fifth level of page tables and AVX among it, only makes emulation slower,
    // by a tenth.
    private static final String CPU = "qemu64,cx16=off";

    private Emulator() {}

    /** Options that give the guest its console here and its second line at {@code socket}. */
    static List<String> reporting(Path socket) {
        return List.of(
                "-display",
                "none",
                "-serial",
                "stdio",
                "-chardev",
                "socket,id=line,path=" + socket,
                "-serial",
                "chardev:line");
    }

    /** Options that give a person the console. */
    static List<String> interactive() {
        return List.of("-display", "none", "-serial", "mon:stdio");
    }

    /** The whole command; the initramfs with {@code script} is written into {@code directory}. */
    static List<String> command(GuestKernel kernel, Path directory, GuestScript script, List<String> lines)
            throws IOException {
        Path initramfs = Files.write(directory.resolve("initramfs"), initramfs(kernel, script));
        List<String> command = new ArrayList<>(List.of(
                HostProgram.require("qemu-system-x86_64", "qemu-system-x86").toString(),
                "-nodefaults",
                "-no-user-config",
                "-no-reboot",
                "-accel",
                "tcg,thread=multi",
                "-cpu",
                CPU,
                "-smp",
                script.variables().getOrDefault(CPUS_VARIABLE, DEFAULT_CPUS),
                "-m",
                hasProgram(script) ? PROGRAM_MEMORY_MIB : MEMORY_MIB,
                "-kernel",
                kernel.image().toString(),
                "-initrd",
                initramfs.toString(),
                "-append",
                KERNEL_ARGUMENTS,
                "-nic",
                "user,model=virtio-net-pci",
                "-drive",
                disk(GuestImage.get())));
        if (hasProgram(script)) {
            command.addAll(List.of("-drive", disk(GuestProgram.java()), "-drive", disk(GuestProgram.kiobd())));
        }
        command.addAll(lines);
        return command;
    }

    private static boolean hasProgram(GuestScript script) {
        return script.variables().containsKey(PROGRAM_VARIABLE);
    }

    private static String disk(Path image) {
        return "file=%s,format=raw,if=virtio,readonly=on,cache=unsafe".formatted(image);
    }

    private static byte[] initramfs(GuestKernel kernel, GuestScript script) throws IOException {
        CpioArchive archive = new CpioArchive()
                .directory("proc")
                .directory("sys")
                .directory("dev")
                .directory("root")
                .file("bin/busybox", Files.readAllBytes(GuestImage.busybox()))
                .file("init", GuestScript.read("init.sh"));
        modules(archive, "modules/", KernelModules.load(kernel, BOOT_MODULES.keySet()));
        modules(archive, "guest/modules/", KernelModules.load(kernel, LATER_MODULES));
        return archive.file("guest/start.sh", GuestScript.read("start.sh"))
                .file("guest/main.sh", GuestScript.read("main.sh"))
                .file("guest/lib.sh", GuestScript.read("lib.sh"))
                .file("guest/env", script.environment())
                .file("guest/script.sh", script.text())
                .finish();
    }

    private static void modules(CpioArchive archive, String folder, Map<String, byte[]> modules) {
        StringBuilder order = new StringBuilder();
        modules.forEach((name, content) -> {
            archive.file(folder + name + ".ko", content);
            order.append(name)
                    .append(' ')
                    .append(BOOT_MODULES.getOrDefault(name, ""))
                    .append('\n');
        });
        archive.file(folder + "order", order.toString());
    }

    private static Map<String, String> bootModules() {
        Map<String, String> modules = new LinkedHashMap<>();
        modules.put("virtio_pci", "");
        modules.put("virtio_net", "");
        modules.put("virtio_blk", "");
        modules.put("nbd", "nbds_max=4");
        return modules;
    }
}
