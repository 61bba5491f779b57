import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.kiobd.store.MemberStores;
import picocli.CommandLine;

/**
 * Runs kiobd commands one after the other in one JVM, for it/kill-points: a line of arguments, each in base64, is answered with the exit code,
 * standard output and standard error, the latter two in base64. A JVM a question would take most of the time there is.
 */
public final class Witness {
    private Witness() {}

    public static void main(String[] arguments) throws Exception {
        PrintStream answers = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        // What is printed past picocli's writers shall not be taken for an answer.
        System.setOut(System.err);
        Method commandLine = Class.forName("org.kiobd.cli.Main").getDeclaredMethod("commandLine", MemberStores.class);
        commandLine.setAccessible(true);
        BufferedReader questions = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = questions.readLine(); line != null; line = questions.readLine()) {
            String[] words = line.split(" ");
            for (int i = 0; i < words.length; i++) {
                words[i] = new String(Base64.getDecoder().decode(words[i]), StandardCharsets.UTF_8);
            }
            StringWriter out = new StringWriter();
            StringWriter err = new StringWriter();
            int exitCode;
            try (MemberStores stores = MemberStores.load()) {
                CommandLine command = (CommandLine) commandLine.invoke(null, stores);
                exitCode = command.setOut(new PrintWriter(out)).setErr(new PrintWriter(err)).execute(words);
            }
            answers.println(exitCode + " " + encode(out) + " " + encode(err));
        }
    }

    private static String encode(StringWriter text) {
        return "=" + Base64.getEncoder().encodeToString(text.toString().getBytes(StandardCharsets.UTF_8));
    }
}
