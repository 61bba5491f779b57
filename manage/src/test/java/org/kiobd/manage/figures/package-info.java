/** Tests of the figures of served volumes. */
@NullMarked
package org.kiobd.manage.figures;

import org.jspecify.annotations.NullMarked;
