/** Tests of the command line: the real commands in this process, with captured streams. */
@NullMarked
package org.kiobd.cli;

import org.jspecify.annotations.NullMarked;
