// Cytoscape remembers where its container lies. It hears of scrolling and of the container's size, not of what
// comes and goes above it, after which it takes clicks for ones elsewhere: it looks again before each.
for (const kind of ["pointerover", "pointerdown"]) {
    window.addEventListener(
        kind,
        (event) => event.target.closest?.("#flowsheet")?._cyreg?.cy.resize(),
        { capture: true, passive: true },
    );
}
