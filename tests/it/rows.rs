//! Each row of the truth table, and each fault that a scenario tells, as a test of its own name: the scenario of the
//! same name must hold (docs/verdicts.md names them row by row).

use std::path::PathBuf;

use super::scenarios::all_hold;

/// A test for each scenario, and the list of them.
macro_rules! scenarios {
    ($($test:ident => $file:literal),* $(,)?) => {
        $(
            #[test]
            fn $test() {
                all_hold(&[PathBuf::from(concat!("tests/scenarios/", $file, ".txt"))]);
            }
        )*

        const LISTED: &[&str] = &[$($file),*];
    };
}

scenarios! {
    booking_never_seen => "booking-never-seen",
    booking_seen_late => "booking-seen-late",
    budget => "budget",
    cadence_announced => "cadence-announced",
    cadence_plan => "cadence-plan",
    cadence_ramping => "cadence-ramping",
    cadence_senior => "cadence-senior",
    cadence_to_a_plan => "cadence-to-a-plan",
    check_in => "check-in",
    check_in_off => "check-in-off",
    down_over_a_cancellation => "down-over-a-cancellation",
    down_over_monday => "down-over-monday",
    first_week_owes_nothing => "first-week-owes-nothing",
    joins_then_left_out => "joins-then-left-out",
    monday_note => "monday-note",
    monday_quiet => "monday-quiet",
    no_slot => "no-slot",
    observe => "observe",
    overlap => "overlap",
    pilot => "pilot",
    plan_missed => "plan-missed",
    proposal_waits_for_morning => "proposal-waits-for-morning",
    propose_accepted => "propose-accepted",
    propose_second_option => "propose-second-option",
    rep_picks => "rep-picks",
    series_after_zero => "series-after-zero",
    series_biweekly => "series-biweekly",
    series_deleted_at_once => "series-deleted-at-once",
    series_ended => "series-ended",
    series_made_meanwhile => "series-made-meanwhile",
    series_new_hire => "series-new-hire",
    series_no_time => "series-no-time",
    series_not_now => "series-not-now",
    series_other_weeks => "series-other-weeks",
    series_plan => "series-plan",
    series_second_slot => "series-second-slot",
    series_silence => "series-silence",
    series_team => "series-team",
    series_undo => "series-undo",
    series_unseen => "series-unseen",
    silence_books => "silence-books",
    silence_escalates => "silence-escalates",
    storm => "storm",
    two_cancellations => "two-cancellations",
    two_zones => "two-zones",
    v01_unchanged => "v01-unchanged",
    v02_moved_in_week => "v02-moved-in-week",
    v02_single_moved_in_week => "v02-single-moved-in-week",
    v03_moved_out => "v03-moved-out",
    v04_back_to_its_time => "v04-back-to-its-time",
    v04_moved_out_and_back => "v04-moved-out-and-back",
    v05_shortened => "v05-shortened",
    v05_shortened_enough => "v05-shortened-enough",
    v06_renamed => "v06-renamed",
    v07_rep_removed => "v07-rep-removed",
    v08_crowd => "v08-crowd",
    v08_leader => "v08-leader",
    v08_nobodies => "v08-nobodies",
    v08_one_guest => "v08-one-guest",
    v08_outsider => "v08-outsider",
    v09_single_cancelled => "v09-single-cancelled",
    v09_single_gone => "v09-single-gone",
    v10_instance_cancelled => "v10-instance-cancelled",
    v10_instance_left_out => "v10-instance-left-out",
    v11_series_deleted => "v11-series-deleted",
    v12_ended_and_anew => "v12-ended-and-anew",
    v12_split_new_time => "v12-split-new-time",
    v12_split_same_time => "v12-split-same-time",
    v13_series_cut => "v13-series-cut",
    v14_made_anew => "v14-made-anew",
    v14_made_anew_by_rep => "v14-made-anew-by-rep",
    v15_made_anew_after_booking => "v15-made-anew-after-booking",
    v15_made_anew_late => "v15-made-anew-late",
    v16_rep_declines => "v16-rep-declines",
    v17_manager_declines => "v17-manager-declines",
    v17_organiser_copy_gone => "v17-organiser-copy-gone",
    v18_declined_then_accepted => "v18-declined-then-accepted",
    v19_tentative => "v19-tentative",
    v19_unanswered => "v19-unanswered",
    v20_feeds_trail => "v20-feeds-trail",
    v20_gone_from_one_side => "v20-gone-from-one-side",
    v20_move_seen_late => "v20-move-seen-late",
    v21_shown_as_free => "v21-shown-as-free",
    v22_gone_afterwards => "v22-gone-afterwards",
    v23_gone_meanwhile => "v23-gone-meanwhile",
    v24_cancelled_afterwards => "v24-cancelled-afterwards",
    v24_cancelled_before_start => "v24-cancelled-before-start",
    v25_answered_held => "v25-answered-held",
    v25_unsure => "v25-unsure",
    v26_mass_loss_is_an_error => "v26-mass-loss-is-an-error",
    v26_mass_loss_is_true => "v26-mass-loss-is-true",
    v26_short_failure => "v26-short-failure",
    v26_source_cut => "v26-source-cut",
    v26_source_empty => "v26-source-empty",
    v26_source_fails => "v26-source-fails",
    v26_source_foreign => "v26-source-foreign",
    v26_source_html => "v26-source-html",
    v28_daylight_saving => "v28-daylight-saving",
    v29_zone_rewritten => "v29-zone-rewritten",
    v30_organiser_changes => "v30-organiser-changes",
    v31_absence => "v31-absence",
    v31_leave => "v31-leave",
    v31_never_booked_and_away => "v31-never-booked-and-away",
    v31_out_for_a_day => "v31-out-for-a-day",
    v32_swapped => "v32-swapped",
    v33_merged => "v33-merged",
    v34_out_of_hours => "v34-out-of-hours",
    v35_moved_often => "v35-moved-often",
    v36_conflict => "v36-conflict",
    v37_cancelled_late => "v37-cancelled-late",
    v38_new_manager_counts => "v38-new-manager-counts",
    v38_new_manager_owes => "v38-new-manager-owes",
    v39_rep_leaves => "v39-rep-leaves",
    v39_rule_changes => "v39-rule-changes",
    v40_booked_where_nobody_is_listed => "v40-booked-where-nobody-is-listed",
    v40_feed_lists_nobody => "v40-feed-lists-nobody",
    v41_booking_declined => "v41-booking-declined",
    v41_booking_deleted => "v41-booking-deleted",
    v41_booking_moved => "v41-booking-moved",
    v42_surplus => "v42-surplus",
    v43_not_held => "v43-not-held",
    v43_not_held_too_late => "v43-not-held-too-late",
    v43_rep_before_manager => "v43-rep-before-manager",
    v44_cancelled_before => "v44-cancelled-before",
    v44_never_booked => "v44-never-booked",
    week_too_full => "week-too-full",
}

#[test]
fn every_scenario_is_a_test() {
    let mut files: Vec<String> = std::fs::read_dir("tests/scenarios")
        .expect("the scenarios are part of the project")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    files.sort();
    assert_eq!(files, LISTED);
}
