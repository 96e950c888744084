//! The services of the box: each can be started and stopped by itself, at run time.
