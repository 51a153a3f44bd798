/**
 * Binary floating-point formats of few bits, and rounding to them. Plain numbers; rests on no other package. Public API.
 */
package org.multipoint.formats;
