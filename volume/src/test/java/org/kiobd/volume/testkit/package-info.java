/**
 * What tests of every room use: {@link org.kiobd.volume.testkit.LeakCheck} and friends. Travels in the test-jar.
 *
 * <p>Threads: said on each type. Not here: anything a user runs.
 */
@NullMarked
package org.kiobd.volume.testkit;

import org.jspecify.annotations.NullMarked;
