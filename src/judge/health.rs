//! The numbers of the weekly report.
