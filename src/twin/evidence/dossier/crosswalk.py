"""Where texts ask for what a section holds: titles and numbers only; no clause is quoted, no conformity is claimed."""

from __future__ import annotations

#: Section: places. Those marked (*) are named from general knowledge and were not read for this table.
CROSSWALK: dict[str, tuple[str, ...]] = {
    "D1": ("21 CFR 11.10", "EU GMP Chapter 4 (*)"),
    "D2": ("ASME V&V 40-2018 (*)", "FDA 2023-11 credibility of computational modeling (*)"),
    "D3": ("ASME V&V 40-2018 (*)", "ICH Q13 3.1.7", "EMA QIG 2024-02 preliminary considerations, scope (*)"),
    "D4": ("ASME V&V 40-2018 (*)", "ICH Q8/Q9/Q10 points to consider, section 5 (*)", "ICH Q9(R1) (*)"),
    "D5": ("ASME V&V 40-2018: 13 credibility factors", "FDA 2023-11 credibility of computational modeling (*)"),
    "D6": ("ICH Q13 2.1, 2.2, 3.1.4, 4.3", "CTD Module 3 (*)"),
    "D7": ("ICH Q13 3.1.7, 4.4", "ICH Q12 (*)"),
    "D8": ("21 CFR 11.10", "EU GMP Annex 11 (*)", "NMPA 药品记录与数据管理要求（试行）2020年第74号 (*)"),
    "D9": ("ASME V&V 40-2018: numerical code verification",),
    "D10": ("ASME V&V 40-2018: discretization error, numerical solver error",),
    "D11": ("FDA 2023-11 credibility of computational modeling: calibration (*)",),
    "D12": ("ASME V&V 40-2018: model form, test samples, test conditions, output comparison", "ICH Q13 3.1.7"),
    "D13": ("ASME V&V 40-2018: model inputs", "ICH Q13 3.1.7"),
    "D14": ("ASME V&V 40-2018: relevance of the validation activities to the COU",),
    "D15": ("ICH Q13 3.1.2, 3.1.6",),
    "D16": ("ICH Q13 3.1.6, Annex V",),
    "D17": ("ICH Q13 3.1.1, 3.1.5",),
    "D18": ("EU GMP Annex 11 (*)", "21 CFR 11.10"),
    "D19": ("ASME V&V 40-2018: software quality assurance", "EU GMP Annex 11 (*)", "NMPA 计算机化系统附录 (*)"),
    "D20": ("21 CFR 11.10", "EU GMP Annex 11: audit trails (*)", "NMPA 2020年第74号 (*)"),
    "D21": ("21 CFR 11.50, 11.70", "EU GMP Annex 11: electronic signatures (*)"),
    "D22": ("EU GMP Annex 22 draft 2025-07 (*)",),
    "D23": ("ASME V&V 40-2018 (*)", "FDA 2023-11 credibility of computational modeling: adequacy (*)"),
}
