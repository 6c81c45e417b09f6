/** The dashboard: a client of the public schema like any other. */
import { render } from 'preact';
import { loadLineChart } from './chart/later-line-chart.tsx';
import { Dashboard } from './page/dashboard.tsx';
import './style.css';

const root = document.getElementById('root');
// In a separate task, after the one that has evaluated all of the code.
if (root !== null) setTimeout(() => render(<Dashboard />, root));
// Loads all code, because the service may have been replaced by another version while the page is open.
setTimeout(() => void loadLineChart(), 5_000);
