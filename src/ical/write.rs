//! Text of iCalendar objects.
